import { beforeEach, describe, expect, test } from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import { formatRange, parseRange } from "#lib/address/ip-range.ts";
import type { LinkAddress } from "#lib/linux/netlink-addresses.ts";
import type { Link } from "#lib/linux/netlink-links.ts";
import { type NetlinkEvent, NetlinkSocket } from "#lib/linux/netlink-socket.ts";
import { Namespace } from "#lib/linux/testing/namespace.ts";
import { LinkAddresses } from "./link-addresses.ts";

const ETH0 = 2;
const ETH1 = 3;
const IPVS = 4;

let addresses: LinkAddresses;

beforeEach(() => {
  addresses = new LinkAddresses();
});

function tell(...events: readonly NetlinkEvent[]): void {
  for (const event of events) {
    addresses.take(event);
  }
}

/** @param text `192.0.2.1/24`, or with the subnet of the other end: `192.0.2.1 192.0.2.2/32` */
function address(text: string, index = ETH0, isUsable = true): LinkAddress {
  const [own = "", subnet] = text.split(" ");
  const [ip = ""] = own.split("/");
  return { index, ip: parseIp(ip), subnet: parseRange(subnet ?? own), isUsable };
}

const has = (text: string, index?: number, isUsable?: boolean): NetlinkEvent => ({
  kind: "address",
  address: address(text, index, isUsable),
});
const hasNot = (text: string, index?: number): NetlinkEvent => ({
  kind: "unaddress",
  address: address(text, index),
});
const gateway = (ip: string, index = ETH0): NetlinkEvent => ({
  kind: "gateway",
  gateway: { index, ip: parseIp(ip) },
});
const link = (up: boolean, index = ETH0): NetlinkEvent => {
  const flags = { carrier: up, broadcast: true, loopback: false, noArp: false, enslaved: false };
  const told: Link = { index, name: `eth${index}`, mac: "02:00:00:00:00:11", up, ...flags };
  return { kind: "link", link: told };
};

const BEGIN: NetlinkEvent = { kind: "dump" };
const DONE: NetlinkEvent = { kind: "done" };

const subnets = (index = ETH0) => addresses.subnetsOf(index).map(formatRange);
const gateways = (index = ETH0) => addresses.gatewaysOf(index).map(formatIp);

function linkLocal(): string | undefined {
  const ip = addresses.linkLocalOf(ETH0);
  return ip && formatIp(ip);
}

/** Forgets what changed until now. */
function settle(): void {
  addresses.takeChangedLinks();
  addresses.takeChangedIps();
  addresses.takeDumpNeeded();
}

test("knows the subnets of a link, each once", () => {
  tell(
    has("192.0.2.1/24"),
    has("192.0.2.9/24"),
    has("2001:db8::1/64"),
    has("198.51.100.1/24", ETH1),
  );
  expect(subnets()).toEqual(["192.0.2.0/24", "2001:db8::/64"]);
  expect(subnets(ETH1)).toEqual(["198.51.100.0/24"]);
  expect(subnets(IPVS)).toEqual([]);
});

test.for([
  "192.0.2.1/32",
  "2001:db8::1/128",
  "fe80::1/64",
  "169.254.7.1/16",
  "192.0.2.1 192.0.2.2/32",
])("takes no subnet from %s, in which nobody else is or everybody", (text) => {
  tell(has(text));
  expect(subnets()).toEqual([]);
});

test("knows the subnet of the other end of a point-to-point link", () => {
  tell(has("198.51.100.1 203.0.113.0/31"));
  expect(subnets()).toEqual(["203.0.113.0/31"]);
});

test.for([
  { ip: "192.0.2.77", isHeld: true },
  { ip: "192.0.3.77", isHeld: false },
  { ip: "2001:db8::77", isHeld: true },
  { ip: "2001:db8:1::77", isHeld: false },
  { ip: "fe80::77", isHeld: false },
])("says whether a subnet of the link holds $ip", ({ ip, isHeld }) => {
  tell(has("192.0.2.1/24"), has("2001:db8::1/64"), has("fe80::1/64"));
  expect(addresses.holds(ETH0, parseIp(ip))).toBe(isHeld);
  expect(addresses.holds(ETH1, parseIp(ip))).toBe(false);
});

test("knows an address to speak IPv6 from, once no other host can object", () => {
  tell(has("2001:db8::1/64"), has("169.254.7.1/16"), has("fe80::1/64", ETH1));
  tell(has("fe80::1/64", ETH0, false));
  expect(linkLocal()).toBeUndefined();
  tell(has("fe80::1/64"));
  expect(linkLocal()).toBe("fe80::1");
});

test("keeps to the address that it speaks from while that one is there", () => {
  tell(has("fe80::2/64"), has("fe80::1/64"), has("fe80::2/64"));
  expect(linkLocal()).toBe("fe80::2");
  tell(hasNot("fe80::2/64"));
  expect(linkLocal()).toBe("fe80::1");
  tell(hasNot("fe80::1/64"));
  expect(linkLocal()).toBeUndefined();
});

test("keeps a subnet while one of the addresses in it is left", () => {
  tell(has("192.0.2.1/24"), has("192.0.2.9/24"), hasNot("192.0.2.1/24"));
  expect(subnets()).toEqual(["192.0.2.0/24"]);
  tell(hasNot("192.0.2.9/24"), hasNot("192.0.2.9/24"));
  expect(subnets()).toEqual([]);
});

test("knows an IPv4 address that stands in two subnets as two", () => {
  tell(has("192.0.2.1/24"), has("192.0.2.1/28"), hasNot("192.0.2.1/24"));
  expect(subnets()).toEqual(["192.0.2.0/28"]);
  expect(addresses.interfacesWith("192.0.2.1")).toEqual([ETH0]);
});

test("takes another peer of an IPv6 address for a change of the one that is there", () => {
  tell(has("2001:db8::1 2001:db8:1::/64"), has("2001:db8::1 2001:db8:2::/64"));
  expect(subnets()).toEqual(["2001:db8:2::/64"]);
});

test("names the links that have the very address", () => {
  tell(has("192.0.2.10/32", IPVS), has("192.0.2.10/24"), has("192.0.2.1/24"));
  expect(addresses.interfacesWith("192.0.2.10")).toEqual([IPVS, ETH0]);
  expect(addresses.interfacesWith("192.0.2.11")).toEqual([]);
  tell(hasNot("192.0.2.10/32", IPVS));
  expect(addresses.interfacesWith("192.0.2.10")).toEqual([ETH0]);
  tell(hasNot("192.0.2.10/24"));
  expect(addresses.interfacesWith("192.0.2.10")).toEqual([]);
});

test("says once of which links something changed", () => {
  tell(has("192.0.2.1/24"), has("fe80::1/64", ETH1, false), gateway("192.0.2.254"));
  expect(addresses.takeChangedLinks()).toEqual(new Set([ETH0, ETH1]));
  expect(addresses.takeChangedLinks()).toEqual(new Set());
  tell(has("192.0.2.1/24"), has("fe80::1/64", ETH1), gateway("192.0.2.254"));
  expect(addresses.takeChangedLinks()).toEqual(new Set([ETH1]));
  tell(hasNot("192.0.2.1/24"), hasNot("192.0.2.9/24", ETH1));
  expect(addresses.takeChangedLinks()).toEqual(new Set([ETH0]));
});

test("says once which addresses came or went", () => {
  tell(has("192.0.2.1/24"), has("2001:DB8::1/64"));
  expect(addresses.takeChangedIps()).toEqual(new Set(["192.0.2.1", "2001:db8::1"]));
  tell(has("192.0.2.1/24"), hasNot("2001:db8::1/64"));
  expect(addresses.takeChangedIps()).toEqual(new Set(["2001:db8::1"]));
  expect(addresses.takeChangedIps()).toEqual(new Set());
});

test("forgets all about a link that is gone", () => {
  tell(has("192.0.2.1/24"), has("fe80::1/64"), gateway("192.0.2.254"));
  settle();
  tell({ kind: "unlink", index: ETH0 }, { kind: "unlink", index: IPVS });
  expect(subnets()).toEqual([]);
  expect(linkLocal()).toBeUndefined();
  expect(gateways()).toEqual([]);
  expect(addresses.interfacesWith("192.0.2.1")).toEqual([]);
  expect(addresses.takeChangedLinks()).toEqual(new Set([ETH0]));
  expect(addresses.takeChangedIps()).toEqual(new Set(["192.0.2.1", "fe80::1"]));
});

test("knows the gateways of a link as a dump tells them", () => {
  tell(BEGIN, gateway("192.0.2.254"), gateway("fe80::fe"), gateway("198.51.100.254", ETH1), DONE);
  expect(gateways()).toEqual(["192.0.2.254", "fe80::fe"]);
  expect(gateways(ETH1)).toEqual(["198.51.100.254"]);
  settle();
  tell(BEGIN, link(true), link(true, ETH1), gateway("192.0.2.253"), DONE);
  expect(gateways()).toEqual(["192.0.2.253"]);
  expect(gateways(ETH1)).toEqual([]);
  expect(addresses.takeChangedLinks()).toEqual(new Set([ETH0, ETH1]));
});

test("forgets what a dump does not tell any more, for its end was lost", () => {
  tell(BEGIN, link(true), link(true, ETH1), has("192.0.2.1/24"), has("192.0.2.9/24"), DONE);
  tell(has("198.51.100.1/24", ETH1), has("fe80::1/64", ETH1));
  settle();
  tell(BEGIN, link(true), has("192.0.2.9/24"), hasNot("192.0.2.77/24"));
  expect(addresses.interfacesWith("192.0.2.1")).toEqual([ETH0]);
  tell(has("2001:db8::1/64"), DONE);
  expect(addresses.interfacesWith("192.0.2.1")).toEqual([]);
  expect(addresses.interfacesWith("192.0.2.9")).toEqual([ETH0]);
  expect(subnets()).toEqual(["192.0.2.0/24", "2001:db8::/64"]);
  expect(subnets(ETH1)).toEqual([]);
  expect(addresses.takeChangedIps()).toEqual(
    new Set(["192.0.2.1", "198.51.100.1", "fe80::1", "2001:db8::1"]),
  );
});

test("changes nothing when a dump tells what was known", () => {
  const all = [link(true), has("192.0.2.1/24"), has("fe80::1/64"), gateway("192.0.2.254")];
  tell(BEGIN, ...all, DONE);
  settle();
  tell(BEGIN, ...all, DONE);
  expect(addresses.takeChangedLinks()).toEqual(new Set());
  expect(addresses.takeChangedIps()).toEqual(new Set());
  expect(addresses.takeDumpNeeded()).toBe(false);
});

test.for<{ what: string; events: readonly NetlinkEvent[]; isNeeded: boolean }>([
  { what: "default routes changed", events: [{ kind: "routes-changed" }], isNeeded: true },
  { what: "its link went down", events: [link(false)], isNeeded: true },
  { what: "an IPv4 address was taken away", events: [hasNot("192.0.2.1/24")], isNeeded: true },
  { what: "an IPv6 address was taken away", events: [hasNot("fe80::1/64")], isNeeded: false },
  { what: "its link changed otherwise", events: [link(true)], isNeeded: false },
  { what: "another link went down", events: [link(false, ETH1)], isNeeded: false },
  {
    what: "an address of another link was taken away",
    events: [hasNot("198.51.100.1/24", ETH1)],
    isNeeded: false,
  },
])("says whether a default route may be gone since $what", ({ events, isNeeded }) => {
  tell(link(true), link(true, ETH1), has("198.51.100.1/24", ETH1));
  tell(has("192.0.2.1/24"), has("fe80::1/64"), gateway("192.0.2.254"));
  settle();
  tell(...events);
  expect(addresses.takeDumpNeeded()).toBe(isNeeded);
  expect(addresses.takeDumpNeeded()).toBe(false);
});

test("asks for default routes again when a link is back that had one", () => {
  tell(BEGIN, link(true), gateway("192.0.2.254"), DONE, link(false));
  settle();
  tell(BEGIN, link(false), DONE);
  expect(gateways()).toEqual([]);
  expect(addresses.takeDumpNeeded()).toBe(false);
  tell(link(true));
  expect(addresses.takeDumpNeeded()).toBe(true);
});

describe.runIf(process.getuid?.() === 0)("beside a kernel (needs root)", () => {
  /** Reads until the default routes are certain. */
  function follow(socket: NetlinkSocket): void {
    do {
      for (let read = socket.read(); read !== "empty"; read = socket.read()) {
        tell(...read);
      }
    } while (addresses.takeDumpNeeded() && socket.requestAll() === undefined);
  }

  test("knows the same gateways after everything that ends or replaces a default route", () => {
    using namespace = new Namespace();
    const socket = namespace.within(() => NetlinkSocket.open());
    namespace.batch(["link add eth0 type veth peer name eth1", "link set eth0 up"]);
    const eth0 = namespace.indexOf("eth0");
    const known: string[] = [];
    const after = (...lines: readonly string[]) => {
      namespace.batch(lines);
      follow(socket);
      known.push(gateways(eth0).toSorted().join(" "));
    };
    after("address add 192.0.2.1/24 dev eth0", "route add default via 192.0.2.254");
    after("route replace default via 192.0.2.253");
    after("route append default via 192.0.2.252");
    after("address delete 192.0.2.1/24 dev eth0");
    after("address add 192.0.2.1/24 dev eth0", "route add 0.0.0.0/0 via inet6 fe80::fe dev eth0");
    after("route add ::/0 nexthop via fe80::1 dev eth0 nexthop via fe80::2 dev eth0");
    after("route replace ::/0 via fe80::3 dev eth0");
    after("link set eth0 down");
    expect(known).toEqual([
      "192.0.2.254",
      "192.0.2.253",
      "192.0.2.252 192.0.2.253",
      "",
      "fe80::fe",
      "fe80::1 fe80::2 fe80::fe",
      "fe80::3 fe80::fe",
      "",
    ]);
    socket.close();
  });
});
