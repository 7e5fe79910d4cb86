/** The one file of prom-client that is used, as it is used: the package has types for the whole only. */
declare module "prom-client/lib/registry.js" {
  interface Value {
    /** Of a series whose name is not the metric's. */
    readonly metricName?: string;
    readonly labels: Readonly<Record<string, string>>;
    /** Further labels, whose text is kept for as long as the object lives. */
    readonly sharedLabels: Readonly<Record<string, string>>;
    readonly value: number;
  }

  interface Metric {
    readonly name: string;
    get(): Promise<{
      readonly name: string;
      readonly help: string;
      readonly type: "counter" | "gauge" | "histogram";
      readonly values: Iterable<Value>;
    }>;
  }

  export default class Registry {
    readonly contentType: string;
    registerMetric(metric: Metric): void;
    getSingleMetricAsString(name: string): Promise<string>;
  }
}
