import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { KubeClient } from "#lib/kube/client.ts";
import { metallbPath, PATHS } from "#lib/kube/paths.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { WatchServer } from "#lib/kube/testing/watch-server.ts";
import { Configuration } from "./configuration.ts";

const NAMESPACE = "metallb-system";
const POOLS = metallbPath(NAMESPACE, "ipaddresspools");
const TENANT = { priority: 1, namespaceSelectors: [{ matchLabels: { tenant: "yes" } }] };

let server: WatchServer;
let log: RecordingLog;
let configuration: Configuration;
/** What the listener was told, in order. */
let told: string[];

beforeEach(async () => {
  server = await WatchServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  log = new RecordingLog();
  const client = new KubeClient({ credentials: server.credentials, userAgent: "test", log });
  told = [];
  configuration = new Configuration(client, NAMESPACE, log, {
    changed: (pools) => told.push(`in force: ${pools.map(({ name }) => name).join(" ")}`),
    checked: (problems) => told.push(`problems: ${problems.length}`),
    poolSeen: (name) => told.push(`seen: ${name}`),
  });
});

interface PoolFields {
  readonly generation?: number;
  readonly labels?: object;
  readonly annotations?: object;
  readonly addresses?: readonly string[];
  readonly status?: object;
}

function put(name: string, fields: PoolFields = {}): void {
  const { addresses = ["192.0.2.0/24"], status, ...metadata } = fields;
  server.put(POOLS, name, {
    metadata: { namespace: NAMESPACE, generation: 1, ...metadata },
    spec: { addresses, serviceAllocation: TENANT },
    ...(status && { status }),
  });
}

function start(): void {
  const stop = new AbortController();
  const running = configuration.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
}

/** Until what is there was read; what was told of it is forgotten. */
async function run(): Promise<void> {
  start();
  await soon(() => told.some((line) => line.startsWith("problems"))).toBe(true);
  told.splice(0);
}

/** Until so many changes have come by the watches, and what they led to was done. */
async function arrived(changes: number): Promise<void> {
  const lines = () => log.lines.filter(({ message }) => message === "watched object changed");
  await soon(() => lines().length).toBe(changes);
  await new Promise((resolve) => setImmediate(resolve));
}

const soon = (read: () => unknown) => expect.poll(read, { interval: 2, timeout: 20_000 });

test("is read once when all pools and namespaces are known", async () => {
  put("a", { addresses: ["192.0.2.0/25"] });
  put("b", { addresses: ["192.0.2.128/25"] });
  server.put(PATHS.namespaces, "shop");
  start();

  await soon(() => told).toEqual(["seen: a", "seen: b", "problems: 0", "in force: a b"]);
});

describe("a pool", () => {
  test("is seen, and not read again, when only its status has changed", async () => {
    put("lab");
    await run();
    put("lab", { status: { availableIPv4: 255 } });
    put("lab", { status: { availableIPv4: 254 } });
    await arrived(2);

    expect(told).toEqual(["seen: lab", "seen: lab"]);
    expect(configuration.pool("lab")).toMatchObject({
      metadata: { uid: "lab", resourceVersion: "4" },
      status: { availableIPv4: 254 },
    });
  });

  test("is not read again for annotations of others", async () => {
    put("lab");
    await run();
    put("lab", { annotations: { "example.org/owner": "net" } });
    await arrived(1);

    expect(told).toEqual(["seen: lab"]);
  });

  test.each([
    ["its spec", { generation: 2, addresses: ["203.0.113.0/24"] }],
    ["a label", { labels: { zone: "a" } }],
    ["an annotation of Herald's", { annotations: { "herald-lb.io/max-per-namespace": "1" } }],
  ])("is read again when %s has changed", async (_, fields) => {
    put("lab");
    await run();
    put("lab", fields);

    await soon(() => told).toEqual(["seen: lab", "problems: 0", "in force: lab"]);
  });

  test("that is written anew as it was changes nothing", async () => {
    put("lab");
    await run();
    put("lab", { generation: 2 });

    await soon(() => told).toEqual(["seen: lab", "problems: 0"]);
  });

  test("that cannot be used leaves the last good in force", async () => {
    put("lab");
    await run();
    put("lab", { annotations: { "herald-lb.io/exclude": "192.0.2.0/24" } });
    await soon(() => told).toEqual(["seen: lab", "problems: 1"]);
    put("lab");

    await soon(() => told.slice(2)).toEqual(["seen: lab", "problems: 0"]);
  });

  test("is out of force when it is gone", async () => {
    put("lab");
    await run();
    server.delete(POOLS, "lab");

    await soon(() => told).toEqual(["problems: 0", "in force: "]);
    expect(configuration.pool("lab")).toBeUndefined();
  });
});

describe("a namespace", () => {
  test("is not looked at again unless its labels have changed", async () => {
    put("lab");
    server.put(PATHS.namespaces, "shop");
    await run();
    server.put(PATHS.namespaces, "shop", { metadata: { annotations: { a: "b" } } });
    await arrived(1);
    expect(told).toEqual([]);
    server.put(PATHS.namespaces, "shop", { metadata: { labels: { tenant: "yes" } } });

    await soon(() => told).toEqual(["problems: 0", "in force: lab"]);
  });
});
