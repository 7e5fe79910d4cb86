/**
 * What a process counts, as Prometheus reads it, and the endpoint that shows it to those who may see it. Which
 * metrics there are is for each process to say.
 */

// Of prom-client only these: the whole takes 8 MiB more, most of it for OpenTelemetry, clusters and histograms.
import PromCounter from "prom-client/lib/counter.js";
import PromGauge from "prom-client/lib/gauge.js";
import PromRegistry from "prom-client/lib/registry.js";

/** Grows only. */
export interface Counter {
  increment(): void;
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricName {
  readonly name: string;
  /** What it counts, in one line. */
  readonly help: string;
}

export class MetricsRegistry {
  readonly #registry = new PromRegistry();

  get contentType(): string {
    return this.#registry.contentType;
  }

  counter(name: MetricName): Counter {
    const counter = new PromCounter({ ...name, registers: [this.#registry] });
    return { increment: () => counter.inc() };
  }

  /** A counter that is kept elsewhere and read at each scrape. */
  counterOf(name: MetricName, read: () => number): void {
    new PromCounter({
      ...name,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** A gauge that is read at each scrape; what is not among the samples has no series any more. */
  gaugeOf(name: MetricName, labelNames: readonly string[], read: () => Iterable<Sample>): void {
    const gauge: PromGauge = new PromGauge({
      ...name,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        if (labelNames.length === 0) {
          gauge.remove();
        }
        for (const { labels = {}, value } of read()) {
          gauge.set(labels, value);
        }
      },
    });
  }

  /** All metrics in Prometheus' text format 0.0.4. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
