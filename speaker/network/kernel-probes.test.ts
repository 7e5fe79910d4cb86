import { beforeEach, describe, expect, test } from "vitest";
import type { Mac } from "#lib/wire/mac.ts";
import { Stance } from "./heard-address.ts";
import { KernelProbes, type ProbeLink } from "./kernel-probes.ts";

const N2 = "192.0.2.12";
const N2_IP6 = "2001:db8::12";
const N3 = "198.51.100.13";
const MAC = "02:00:00:00:00:12";
const NEIGHBOUR_MAC = "02:00:00:00:00:99";

class FakeLink implements ProbeLink {
  readonly index: number;
  /** What the addresses of its subnet begin with. */
  readonly prefix: string;
  readonly stances = new Map<string, Stance>();
  readonly asked: string[] = [];

  constructor(index: number, prefix: string) {
    this.index = index;
    this.prefix = prefix;
  }

  set(ip: string, stance: Stance | undefined): void {
    if (stance === undefined) {
      this.stances.delete(ip);
    } else {
      this.stances.set(ip, stance);
    }
  }

  askKernel(ip: string, mac: Mac): void {
    this.asked.push(`${ip} at ${mac}`);
  }
}

let eth0: FakeLink;
let eth1: FakeLink;
let neighbours: Map<string, Mac>;
let announced: Set<string>;
let probes: KernelProbes<FakeLink>;

beforeEach(() => {
  eth0 = new FakeLink(2, "192.0.2.");
  eth1 = new FakeLink(3, "198.51.100.");
  neighbours = new Map();
  announced = new Set();
  probes = new KernelProbes({
    links: () => [eth0, eth1],
    isInSubnetOf: ({ prefix }, ip) => ip.startsWith(prefix),
    neighbourOf: (_, ip) => neighbours.get(ip),
    isAnnounced: (ip) => announced.has(ip),
  });
});

function watch(...nodes: readonly (readonly [string, string])[]): void {
  probes.watch(new Map(nodes));
}

const stances = () => [eth0, eth1].map((link) => Object.fromEntries(link.stances));

test("listens to each node on the links of its subnet, and to nobody who is not watched any more", () => {
  watch([N2, "n2"], [N3, "n3"]);
  expect(stances()).toEqual([{ [N2]: Stance.peer }, { [N3]: Stance.peer }]);
  watch([N3, "n3"]);
  expect(stances()).toEqual([{}, { [N3]: Stance.peer }]);
});

test("listens on a link that comes later", () => {
  watch([N2, "n2"]);
  const late = new FakeLink(4, "192.0.2.");
  probes.lookAtLink(late);
  expect(late.stances.get(N2)).toBe(Stance.peer);
});

test("leaves an address alone that is announced, be it a node's", () => {
  announced.add(N2);
  eth0.set(N2, Stance.own);
  watch([N2, "n2"]);
  watch();
  expect(eth0.stances.get(N2)).toBe(Stance.own);
});

test("asks nobody whose MAC address is not known: a broadcast is answered by bridges for the dead", () => {
  watch([N2, "n2"]);
  probes.probe([N2]);
  expect(eth0.asked).toEqual([]);
});

test("asks where the address was heard last, or else where the kernel has it", () => {
  watch([N2, "n2"]);
  neighbours.set(N2, NEIGHBOUR_MAC);
  probes.probe([N2]);
  expect(probes.heard(N2, MAC)).toEqual({ node: "n2", isNews: true });
  probes.probe([N2]);
  expect(eth0.asked).toEqual([`${N2} at ${NEIGHBOUR_MAC}`, `${N2} at ${MAC}`]);
  expect(eth1.asked).toEqual([]);
});

describe("of a node with an IPv6 address", () => {
  let six: FakeLink;

  beforeEach(() => {
    six = new FakeLink(5, "2001:db8:");
    eth1 = six;
    neighbours.set(N2_IP6, NEIGHBOUR_MAC);
  });

  test("asks for it where it has no other: where it was heard last, or else where the kernel has it", () => {
    watch([N2_IP6, "n2"]);
    expect(six.stances.get(N2_IP6)).toBe(Stance.peer);
    probes.probe([N2_IP6]);
    expect(probes.heard(N2_IP6, MAC)).toEqual({ node: "n2", isNews: true });
    probes.probe([N2_IP6]);
    expect(six.asked).toEqual([`${N2_IP6} at ${NEIGHBOUR_MAC}`, `${N2_IP6} at ${MAC}`]);
  });

  test("asks for it where its IPv4 address is in no link's subnet", () => {
    watch(["203.0.113.12", "n2"], [N2, "n3"], [N2_IP6, "n2"]);
    probes.probe(["203.0.113.12", N2_IP6]);
    expect(six.asked).toEqual([`${N2_IP6} at ${NEIGHBOUR_MAC}`]);
  });

  test("asks for its IPv4 address alone where it can", () => {
    watch([N2, "n2"], [N2_IP6, "n2"]);
    neighbours.set(N2, NEIGHBOUR_MAC);
    probes.probe([N2, N2_IP6]);
    expect([eth0.asked, six.asked]).toEqual([[`${N2} at ${NEIGHBOUR_MAC}`], []]);
    expect(stances()).toEqual([{ [N2]: Stance.peer }, {}]);
  });
});

test("asks for no address that it does not listen to, nor for one of no link's subnet", () => {
  watch(["203.0.113.12", "n2"]);
  neighbours.set(N2, MAC).set("203.0.113.12", MAC);
  probes.probe([N2, "203.0.113.12"]);
  expect([...eth0.asked, ...eth1.asked]).toEqual([]);
});

test("says whether an address was heard at another MAC address before", () => {
  watch([N2, "n2"]);
  const isNews = (mac: Mac) => probes.heard(N2, mac)?.isNews;
  expect([MAC, MAC, NEIGHBOUR_MAC].map(isNews)).toEqual([true, false, true]);
});

test("tells the MAC address of a node on the link of its subnet", () => {
  watch([N2, "n2"]);
  probes.heard(N2, MAC);
  expect([eth0, eth1].map((link) => probes.macOf(link, N2))).toEqual([MAC, undefined]);
});
