import { expect, test } from "vitest";
import { type Distribution, MetricsRegistry, type Sample } from "./metrics-registry.ts";
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
  registry.gaugeOf({ name: "size", help: "Size" }, () => samples);
  expect(await registry.text()).toContain('\nsize{pool="a"} 1\nsize{pool="b\\"\\n"} 2\n');
  samples = [{ labels: { pool: "a" }, value: 3 }];
  expect(await registry.text()).toBe('# HELP size Size\n# TYPE size gauge\nsize{pool="a"} 3\n');
});

test("shows a gauge without labels only while it has a value", async () => {
  const registry = new MetricsRegistry();
  let samples: Sample[] = [];
  registry.gaugeOf({ name: "loaded", help: "Loaded" }, () => samples);
  expect(await registry.text()).not.toMatch(/^loaded/m);
  samples = [{ value: 0 }];
  expect(await registry.text()).toMatch(/^loaded 0$/m);
});

test("reads counters that are kept elsewhere, and shows no series of what is gone", async () => {
  const registry = new MetricsRegistry();
  let seen = new Map([
    ["a", 5],
    ["b", 0],
  ]);
  registry.counterOf({ name: "seen_total", help: "Seen" }, () =>
    [...seen].map(([link, value]) => ({ labels: { link }, value })),
  );
  expect(await registry.text()).toMatch(/^seen_total\{link="a"\} 5\nseen_total\{link="b"\} 0\n$/m);
  seen = new Map([["a", 7]]);
  expect(await registry.text()).toMatch(/counter\nseen_total\{link="a"\} 7\n$/);
});

test("shows a histogram as Prometheus adds it up, while there is one", async () => {
  const registry = new MetricsRegistry();
  let delays: Distribution | undefined;
  registry.histogramOf({ name: "delay_seconds", help: "Delay" }, [0.00001, 0.1], () => delays);
  expect(await registry.text()).toBe(
    "# HELP delay_seconds Delay\n# TYPE delay_seconds histogram\n",
  );
  delays = { counts: [3, 4, 6], sum: 0.5 };
  expect((await registry.text()).split("\n").slice(2)).toEqual([
    'delay_seconds_bucket{le="0.00001"} 3',
    'delay_seconds_bucket{le="0.1"} 4',
    'delay_seconds_bucket{le="+Inf"} 6',
    "delay_seconds_sum 0.5",
    "delay_seconds_count 6",
    "",
  ]);
});

test("shows all metrics, and brings what they show up to date before", async () => {
  let value = 0;
  const registry = new MetricsRegistry(async () => {
    value += 1;
  });
  registry.gaugeOf({ name: "a", help: "A" }, () => [{ value }]);
  registry.gaugeOf({ name: "b", help: "B" }, () => [{ value: value * 10 }]);
  await registry.text();
  expect(await registry.text()).toBe(
    "# HELP a A\n# TYPE a gauge\na 2\n\n# HELP b B\n# TYPE b gauge\nb 20\n",
  );
});

test("leaves the process its turn between two metrics", async () => {
  const registry = new MetricsRegistry();
  const order: string[] = [];
  for (const name of ["a", "b"]) {
    registry.gaugeOf({ name, help: name }, () => {
      order.push(name);
      setImmediate(() => order.push("turn"));
      return [];
    });
  }
  await registry.text();
  expect(order).toEqual(["a", "turn", "b"]);
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
