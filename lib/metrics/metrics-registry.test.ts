import { expect, test } from "vitest";
import { MetricsRegistry, type Sample } from "./metrics-registry.ts";
import { addProcessMetrics } from "./process-metrics.ts";

test("shows counters with their help and type", async () => {
  const registry = new MetricsRegistry();
  const counter = registry.counter({ name: "frames_total", help: "Frames seen" });
  counter.increment();
  counter.increment();
  expect(await registry.text()).toBe(
    "# HELP frames_total Frames seen\n# TYPE frames_total counter\nframes_total 2\n",
  );
  expect(registry.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
});

test("reads gauges anew each time, and shows no series of what is gone", async () => {
  const registry = new MetricsRegistry();
  let samples: Sample[] = [
    { labels: { pool: "a" }, value: 1 },
    { labels: { pool: 'b"\n' }, value: 2 },
  ];
  registry.gaugeOf({ name: "size", help: "Size" }, ["pool"], () => samples);
  expect(await registry.text()).toContain('\nsize{pool="a"} 1\nsize{pool="b\\"\\n"} 2\n');
  samples = [{ labels: { pool: "a" }, value: 3 }];
  expect(await registry.text()).toBe('# HELP size Size\n# TYPE size gauge\nsize{pool="a"} 3\n');
});

test("shows a gauge without labels only while it has a value", async () => {
  const registry = new MetricsRegistry();
  let samples: Sample[] = [];
  registry.gaugeOf({ name: "loaded", help: "Loaded" }, [], () => samples);
  expect(await registry.text()).not.toMatch(/^loaded/m);
  samples = [{ value: 0 }];
  expect(await registry.text()).toMatch(/^loaded 0$/m);
});

test("reads a counter that is kept elsewhere", async () => {
  const registry = new MetricsRegistry();
  let value = 5;
  registry.counterOf({ name: "seen_total", help: "Seen" }, () => value);
  await registry.text();
  value = 7;
  expect(await registry.text()).toMatch(/^seen_total 7$/m);
});

test("tells of the process what a client library tells", async () => {
  const registry = new MetricsRegistry();
  addProcessMetrics(registry);
  const lines = (await registry.text()).split("\n").filter((line) => /^[a-z]/.test(line));
  expect(lines.map((line) => line.split(" ")[0])).toEqual([
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_open_fds",
    "nodejs_heap_size_used_bytes",
  ]);
  for (const line of lines) {
    expect(Number(line.split(" ")[1])).toBeGreaterThan(0);
  }
});
