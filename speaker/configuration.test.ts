import { beforeEach, expect, onTestFinished, test } from "vitest";
import { KubeClient } from "#lib/kube/client.ts";
import { metallbPath } from "#lib/kube/paths.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { WatchServer } from "#lib/kube/testing/watch-server.ts";
import { Configuration } from "./configuration.ts";

const NAMESPACE = "metallb-system";
const POOLS = metallbPath(NAMESPACE, "ipaddresspools");
const ADVERTISEMENTS = metallbPath(NAMESPACE, "l2advertisements");

let server: WatchServer;
let log: RecordingLog;
let configuration: Configuration;
/** How many problems each reading found. */
let checked: number[];

beforeEach(async () => {
  server = await WatchServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  log = new RecordingLog();
  const client = new KubeClient({ credentials: server.credentials, userAgent: "test", log });
  checked = [];
  configuration = new Configuration(client, NAMESPACE, log, {
    changed: () => undefined,
    checked: (problems) => checked.push(problems.length),
  });
  putPool(1);
  const stop = new AbortController();
  const running = configuration.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  await configuration.inForce;
});

function putPool(generation: number, status: object = {}): void {
  server.put(POOLS, "lab", {
    metadata: { namespace: NAMESPACE, generation },
    spec: { addresses: [`192.0.${generation}.0/24`] },
    status,
  });
}

/** Until so many changes have come by the watches, and what they led to was done. */
async function arrived(changes: number): Promise<void> {
  const lines = () => log.lines.filter(({ message }) => message === "watched object changed");
  await expect.poll(() => lines().length, { interval: 2, timeout: 20_000 }).toBe(changes);
  await new Promise((resolve) => setImmediate(resolve));
}

test("is not read again when only the status of a pool has changed", async () => {
  putPool(1, { availableIPv4: 255 });
  putPool(1, { availableIPv4: 254 });
  await arrived(2);

  expect(checked).toEqual([0]);
});

test("is read again when a pool or an advertisement has changed", async () => {
  const [before] = configuration.pools;
  putPool(2);
  await arrived(1);
  expect(configuration.pools[0]?.ranges).not.toEqual(before?.ranges);
  server.put(ADVERTISEMENTS, "lab", { spec: { ipAddressPools: ["lab"] } });
  await arrived(2);

  expect(configuration.advertisements).toMatchObject([{ name: "lab", pools: ["lab"] }]);
  expect(checked).toEqual([0, 0, 0]);
});

test("stays as it was while what is new cannot be used", async () => {
  const before = configuration.pools;
  server.put(ADVERTISEMENTS, "lab", { spec: { ipAddressPools: "lab" } });
  await arrived(1);

  expect(checked).toEqual([0, 1]);
  expect(configuration.pools).toBe(before);
  expect(configuration.advertisements).toEqual([]);
});
