import { readdirSync } from "node:fs";
import type { MetricsRegistry } from "./metrics-registry.ts";

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

/**
 * What Prometheus' client libraries tell of every process, as far as it costs nothing until somebody asks: no
 * measurement of the event loop's delay, which wakes the process a hundred times a second.
 */
export function addProcessMetrics(registry: MetricsRegistry): void {
  registry.counterOf(
    { name: "process_cpu_seconds_total", help: "Processor time that the process has used" },
    () => {
      const { system, user } = process.cpuUsage();
      return [{ value: (system + user) / MICROSECONDS }];
    },
  );
  const gauge = (name: string, help: string, read: () => number) =>
    registry.gaugeOf({ name, help }, () => [{ value: read() }]);
  gauge("process_resident_memory_bytes", "Memory of the process that is in RAM", () =>
    process.memoryUsage.rss(),
  );
  gauge("process_start_time_seconds", "When the process began, in seconds since 1970", () =>
    Math.round(performance.timeOrigin / MILLISECONDS),
  );
  gauge(
    "process_open_fds",
    "File descriptors that the process has open",
    () => readdirSync("/proc/self/fd").length,
  );
  gauge(
    "nodejs_heap_size_used_bytes",
    "Part of the JavaScript heap that is in use",
    () => process.memoryUsage().heapUsed,
  );
}
