import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { service } from "#lib/api/testing/fixture.ts";
import type { Regarding } from "#lib/kube/event-record.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import type { LinkFacts } from "#speaker/network/messages.ts";
import { NodeChecks } from "./node-checks.ts";
import { FakeRoot } from "./testing/fake-root.ts";

const ETH0: LinkFacts = { name: "eth0", subnets: ["192.0.2.0/24"] };
const IPVS = [{ ip: "192.0.2.10", on: "kube-ipvs0" }];
const NODE = { apiVersion: "v1", kind: "Node", name: "n1", uid: "n1" };

const FOUND = "warn node check found something";
const CONTENT = "info node check is content again";

let root: FakeRoot;
let clock: FakeClock;
let log: RecordingLog;
let events: [Regarding, string, string][];
let checks: NodeChecks;

beforeEach(async () => {
  root = await FakeRoot.make();
  await root.setLink("eth0");
  clock = new FakeClock();
  log = new RecordingLog();
  events = [];
  checks = new NodeChecks({
    node: "n1",
    promiscuousLinks: [/^wlan1$/u],
    events: { record: (regarding, type, reason) => events.push([regarding, type, reason]) },
    log,
    root: root.path,
    clock,
    servicesWith: (ip) =>
      ["default/web", "default/api"].map((key) => service(key, { ingress: [ip] })),
  });
});

afterEach(async () => {
  await root[Symbol.asyncDispose]();
});

/** What was told since this was last asked: Events, and log lines with their reasons. */
async function news(): Promise<{ events: typeof events; logged: readonly string[] }> {
  await setImmediate();
  const logged = log.lines.splice(0);
  return {
    events: events.splice(0),
    logged: logged.map(({ level, message, fields }) => `${level} ${message}: ${fields["reason"]}`),
  };
}

const NOTHING = { events: [], logged: [] };

test("a finding about the node is told once while it lasts, and its end too", async () => {
  checks.linksChanged([ETH0]);
  expect(await news()).toEqual(NOTHING);
  checks.kernelAddressesChanged(IPVS);
  const told = {
    events: [[NODE, "Warning", "KernelAnswersToo"]],
    logged: [`${FOUND}: KernelAnswersToo`],
  };
  expect(await news()).toEqual(told);
  checks.kernelAddressesChanged([...IPVS, { ip: "192.0.2.11", on: "kube-ipvs0" }]);
  expect(await news()).toEqual(NOTHING);
  checks.kernelAddressesChanged([]);
  expect(await news()).toEqual({
    events: [],
    logged: [`${CONTENT}: KernelAnswersToo`],
  });
  checks.kernelAddressesChanged(IPVS);
  expect(await news()).toEqual(told);
});

test("a finding about an address is told to each Service that has it", async () => {
  checks.linksChanged([ETH0]);
  checks.kernelAddressesChanged([{ ip: "192.0.2.10", on: "eth0" }]);
  expect((await news()).events).toEqual([
    [expect.objectContaining({ kind: "Service", name: "web" }), "Warning", "AddressOnLink"],
    [expect.objectContaining({ kind: "Service", name: "api" }), "Warning", "AddressOnLink"],
  ]);
});

test("a wireless link is told of unless it is promiscuous", async () => {
  for (const name of ["wlan0", "wlan1"]) {
    await root.setLink(name);
    await root.write(`sys/class/net/${name}/wireless/status`, "");
  }
  checks.linksChanged([{ ...ETH0, name: "wlan1" }]);
  expect(await news()).toEqual(NOTHING);
  checks.linksChanged([{ ...ETH0, name: "wlan0" }]);
  expect((await news()).events).toEqual([[NODE, "Warning", "MayMissBroadcasts"]]);
});

test("nothing is found before the links are told, nor while one of them is just going", async () => {
  checks.kernelAddressesChanged(IPVS);
  expect(await news()).toEqual(NOTHING);
  await root.removeLink("eth0");
  checks.linksChanged([ETH0]);
  expect(await news()).toEqual(NOTHING);
});

test("a sysctl that is mended is noticed without any news of the links", async () => {
  checks.linksChanged([ETH0]);
  checks.kernelAddressesChanged(IPVS);
  await news();
  const stop = new AbortController();
  const running = checks.run(stop.signal);
  await root.setLink("all", { arp_ignore: 1, arp_announce: 2 });
  await clock.advance(30_000);
  expect((await news()).logged).toEqual([`${CONTENT}: KernelAnswersToo`]);
  stop.abort();
  await running;
});

test("a node that told of no link in half a minute has none", async () => {
  const stop = new AbortController();
  const running = checks.run(stop.signal);
  await clock.advance(29_999);
  expect(await news()).toEqual(NOTHING);
  await clock.advance(1);
  expect((await news()).events).toEqual([[NODE, "Warning", "NoAnsweringLink"]]);
  checks.linksChanged([ETH0]);
  expect((await news()).logged).toEqual([`${CONTENT}: NoAnsweringLink`]);
  stop.abort();
  await running;
});
