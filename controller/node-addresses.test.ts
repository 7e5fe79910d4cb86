import { beforeEach, expect, onTestFinished, test } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { KubeClient } from "#lib/kube/client.ts";
import { PATHS } from "#lib/kube/paths.ts";
import { type LogLine, RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { WatchServer } from "#lib/kube/testing/watch-server.ts";
import { NodeAddressWatch } from "./node-addresses.ts";

let server: WatchServer;
let log: RecordingLog;
let nodes: NodeAddressWatch;
/** Each set that was told, as `node=addresses`. */
let told: string[][];

beforeEach(async () => {
  server = await WatchServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  log = new RecordingLog();
  const client = new KubeClient({ credentials: server.credentials, userAgent: "test", log });
  told = [];
  nodes = new NodeAddressWatch(client, log, (all) => {
    expect(nodes.hasSynced).toBe(true);
    told.push(all.map(({ addresses, name }) => `${name}=${addresses.map(formatIp).join(" ")}`));
  });
});

function put(name: string, internalIps: readonly string[], fields: object = {}): void {
  const addresses = internalIps.map((address) => ({ type: "InternalIP", address }));
  server.put(PATHS.nodes, name, { status: { addresses, ...fields } });
}

async function run(): Promise<void> {
  const stop = new AbortController();
  const running = nodes.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  await soon(() => told.length).toBe(1);
}

const isChange = ({ message }: LogLine) => message === "watched object changed";

const soon = (read: () => unknown) => expect.poll(read, { interval: 2, timeout: 20_000 });

test("are told once when all nodes are known", async () => {
  put("n1", ["192.0.2.11"]);
  put("n2", ["192.0.2.12", "2001:db8::12"]);
  expect(nodes.hasSynced).toBe(false);
  await run();

  expect(told).toEqual([["n1=192.0.2.11", "n2=192.0.2.12 2001:db8::12"]]);
});

test("are told when there is no node", async () => {
  await run();

  expect(told).toEqual([[]]);
});

test.each([
  ["other conditions", () => put("n1", ["192.0.2.11", "192.0.2.21"], { conditions: [] })],
  ["the same in another order", () => put("n1", ["192.0.2.21", "192.0.2.11"])],
  ["no address at all, and is new", () => put("n2", [])],
])("are not told again when a node has %s", async (_, change) => {
  put("n1", ["192.0.2.11", "192.0.2.21"]);
  await run();
  change();
  await soon(() => log.lines.some(isChange)).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));

  expect(told).toHaveLength(1);
});

test("are told again when a node comes, gets others, and goes", async () => {
  put("n1", ["192.0.2.11"]);
  await run();

  put("n2", ["192.0.2.12"]);
  await soon(() => told.at(-1)).toEqual(["n1=192.0.2.11", "n2=192.0.2.12"]);
  put("n2", ["192.0.2.12", "192.0.2.22"]);
  await soon(() => told.at(-1)).toEqual(["n1=192.0.2.11", "n2=192.0.2.12 192.0.2.22"]);
  server.delete(PATHS.nodes, "n1");
  await soon(() => told.at(-1)).toEqual(["n2=192.0.2.12 192.0.2.22"]);

  expect(told).toHaveLength(4);
});
