/**
 * What a process counts, as Prometheus reads it, and the endpoint that shows it to those who may see it. Which
 * metrics there are is for each process to say.
 */

import { setImmediate } from "node:timers/promises";
// Of prom-client only this: the whole takes 8 MiB more, most of it for OpenTelemetry, clusters and histograms. Its
// counters and gauges hash the labels of each value that they are set to, and nothing here is read but at a scrape.
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

export interface Distribution {
  /** How many values were at most as large as each bound, and then how many there were. */
  readonly counts: readonly number[];
  /** Of the values. */
  readonly sum: number;
}

/** The same object for all values, or the registry would keep a text for each. */
const NO_LABELS = {};

export class MetricsRegistry {
  readonly #registry = new PromRegistry();
  readonly #names: string[] = [];
  readonly #refresh: () => Promise<void>;

  /** @param refresh ends when what the metrics show is up to date; awaited before each scrape */
  constructor(refresh: () => Promise<void> = () => Promise.resolve()) {
    this.#refresh = refresh;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  counter(name: MetricName): Counter {
    let value = 0;
    this.counterOf(name, () => [{ value }]);
    return {
      increment: () => {
        value += 1;
      },
    };
  }

  /** A counter that is kept elsewhere and read at each scrape; what is not among the samples has no series any more. */
  counterOf(name: MetricName, read: () => Iterable<Sample>): void {
    this.#add(name, "counter", read);
  }

  /** A gauge that is read at each scrape; what is not among the samples has no series any more. */
  gaugeOf(name: MetricName, read: () => Iterable<Sample>): void {
    this.#add(name, "gauge", read);
  }

  /** A histogram that is kept elsewhere and read at each scrape; it has no series while there is none. */
  histogramOf(
    name: MetricName,
    bounds: readonly number[],
    read: () => Distribution | undefined,
  ): void {
    this.#add(name, "histogram", () => seriesOf(name.name, bounds, read()));
  }

  /** All metrics in Prometheus' text format 0.0.4. */
  async text(): Promise<string> {
    await this.#refresh();
    const texts: string[] = [];
    for (const name of this.#names) {
      // Ten thousand series take some 10 ms: between two metrics the rest of the process has its turn.
      await setImmediate();
      texts.push(await this.#registry.getSingleMetricAsString(name));
    }
    return `${texts.join("\n\n")}\n`;
  }

  #add(
    name: MetricName,
    type: "counter" | "gauge" | "histogram",
    read: () => Iterable<Series>,
  ): void {
    this.#registry.registerMetric({
      name: name.name,
      get: async () => ({
        ...name,
        type,
        values: Iterator.from(read()).map((series) => ({
          labels: NO_LABELS,
          sharedLabels: NO_LABELS,
          ...series,
        })),
      }),
    });
    this.#names.push(name.name);
  }
}

interface Series extends Sample {
  /** When it is not the metric's. */
  readonly metricName?: string;
}

function seriesOf(
  name: string,
  bounds: readonly number[],
  distribution: Distribution | undefined,
): readonly Series[] {
  if (distribution === undefined) {
    return [];
  }
  const { counts, sum } = distribution;
  const buckets = [...bounds.map(String), "+Inf"].map((le, index) => ({
    metricName: `${name}_bucket`,
    labels: { le },
    value: counts[index] ?? 0,
  }));
  return [
    ...buckets,
    { metricName: `${name}_sum`, value: sum },
    { metricName: `${name}_count`, value: counts[bounds.length] ?? 0 },
  ];
}
