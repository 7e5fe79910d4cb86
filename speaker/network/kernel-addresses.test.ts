import { beforeEach, expect, test } from "vitest";
import { KernelAddresses } from "./kernel-addresses.ts";
import type { KernelAddress } from "./messages.ts";

const IP = "192.0.2.10";

let ours: Set<string>;
let onLinks: Map<string, readonly string[]>;
let told: (readonly KernelAddress[])[];
let addresses: KernelAddresses;

beforeEach(() => {
  ours = new Set([IP]);
  onLinks = new Map([[IP, ["kube-ipvs0"]]]);
  told = [];
  addresses = new KernelAddresses({
    isOurs: (ip) => ours.has(ip),
    linksWith: (ip) => onLinks.get(ip) ?? [],
    tell: (news) => told.push(news),
  });
});

/** Looks at the address, and lets a second pass. */
function look(ip = IP): void {
  addresses.look([ip], 0);
  addresses.tick(addresses.nextDeadline ?? 0);
}

test("tells of an address that a Service and a link have, a moment later and once", () => {
  addresses.look([IP], 0);
  addresses.look([IP], 500);
  addresses.tick(999);
  expect(told).toEqual([]);
  addresses.tick(1_000);
  look();
  expect(told).toEqual([[{ ip: IP, on: "kube-ipvs0" }]]);
});

test("tells that it is over when the link or the Service has it no more", () => {
  look();
  onLinks.clear();
  look();
  onLinks.set(IP, ["eth0"]);
  look();
  ours.clear();
  look();
  expect(told).toEqual([[{ ip: IP, on: "kube-ipvs0" }], [], [{ ip: IP, on: "eth0" }], []]);
});

test("has nothing to say of what only one of the two has", () => {
  onLinks.set("192.0.2.1", ["eth0"]);
  ours.add("192.0.2.11");
  look("192.0.2.1");
  look("192.0.2.11");
  expect([told, addresses.nextDeadline]).toEqual([[], undefined]);
});
