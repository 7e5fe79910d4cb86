import { networkInterfaces } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { formatRange } from "#lib/address/ip-range.ts";
import type { Link } from "./netlink-links.ts";
import { type NetlinkEvent, NetlinkSocket } from "./netlink-socket.ts";
import { PollSet } from "./poll-set.ts";
import { Namespace } from "./testing/namespace.ts";

const isRoot = process.getuid?.() === 0;

/** Reads until nothing more waits. */
function drain(socket: NetlinkSocket): readonly NetlinkEvent[] {
  const events: NetlinkEvent[] = [];
  for (let read = socket.read(); read !== "empty"; read = socket.read()) {
    events.push(...read);
  }
  return events;
}

/** Lines for the addresses from 10.0.0.0 on, of which a dump needs several datagrams. */
function onLoopback(action: "add" | "delete", from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, beyond) => {
    const index = from + beyond;
    return `address ${action} 10.0.${index >> 8}.${index & 255}/32 dev lo`;
  });
}

function shown(event: NetlinkEvent): string {
  switch (event.kind) {
    case "link":
      return `link ${event.link.name}`;
    case "address":
    case "unaddress": {
      const { ip, subnet, isUsable } = event.address;
      return `${event.kind} ${formatIp(ip)} in ${formatRange(subnet)}${isUsable ? "" : " unusable"}`;
    }
    case "gateway":
      return `gateway ${formatIp(event.gateway.ip)} on ${event.gateway.index}`;
    case "unlink":
    case "routes-changed":
    case "dump":
    case "done":
      return event.kind;
  }
}

test("names the links of this machine, with the addresses that Node reads elsewhere", () => {
  const socket = NetlinkSocket.open();
  const poll = new PollSet();
  const events: NetlinkEvent[] = [];
  poll.watch(socket.descriptor, () => events.push(...drain(socket)));
  socket.requestAll();
  while (events.at(-1)?.kind !== "done") {
    poll.wait(5_000);
  }
  socket.close();
  const links = events.flatMap((event): readonly Link[] =>
    event.kind === "link" ? [event.link] : [],
  );
  const told = events.map(shown);
  expect(links.find(({ name }) => name === "lo")).toMatchObject({
    loopback: true,
    enslaved: false,
  });
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    expect(addresses.map(({ mac }) => mac)).toContain(
      links.find((link) => link.name === name)?.mac,
    );
    for (const { address } of addresses) {
      expect(told.join("\n")).toContain(`address ${address} in `);
    }
  }
});

describe.runIf(isRoot)("in a namespace (needs root)", () => {
  let namespace: Namespace;
  let socket: NetlinkSocket;
  let eth0: number;

  beforeAll(() => {
    namespace = new Namespace();
    namespace.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1");
    eth0 = namespace.indexOf("eth0");
  });

  afterAll(() => namespace[Symbol.dispose]());

  beforeEach(() => {
    namespace.batch([
      "link set lo up",
      "link set eth1 up",
      "link set eth0 up",
      "address add 192.0.2.1/24 dev eth0",
      "address add 2001:db8::1/64 dev eth0 nodad",
    ]);
    socket = namespace.within(() => NetlinkSocket.open());
  });

  afterEach(() => {
    socket.close();
    namespace.batch(["link set eth0 down", "address flush dev eth0"]);
  });

  function tell(...lines: readonly string[]): readonly string[] {
    namespace.batch(lines);
    return drain(socket).map(shown);
  }

  test("tells of everything between the beginning and the end of a dump", () => {
    namespace.batch([
      "route add default via 192.0.2.254",
      "route add 198.51.100.0/24 via 192.0.2.253",
      "route add default via 192.0.2.252 table 100",
      "route add ::/0 nexthop via fe80::1 dev eth0 nexthop via fe80::2 dev eth0",
    ]);
    drain(socket);
    socket.requestAll();
    const told = drain(socket).map(shown);
    expect(told.at(0)).toBe("dump");
    expect(told.indexOf("done")).toBe(told.length - 1);
    expect(told.slice(1, 4).toSorted()).toEqual(["link eth0", "link eth1", "link lo"]);
    expect(told).toContain("address 192.0.2.1 in 192.0.2.0/24");
    expect(told).toContain("address 2001:db8::1 in 2001:db8::/64");
    expect(told.filter((line) => line.startsWith("gateway"))).toEqual([
      `gateway 192.0.2.254 on ${eth0}`,
      `gateway fe80::1 on ${eth0}`,
      `gateway fe80::2 on ${eth0}`,
    ]);
  });

  test("tells of addresses that come, are asked for, and go", () => {
    expect(tell("address add 198.51.100.1 peer 198.51.100.2/31 dev eth0")).toEqual([
      "address 198.51.100.1 in 198.51.100.2/31",
    ]);
    expect(tell("address add 2001:db8::2/64 dev eth0")).toEqual([
      "address 2001:db8::2 in 2001:db8::/64 unusable",
    ]);
    expect(tell("address delete 192.0.2.1/24 dev eth0")).toEqual([
      "unaddress 192.0.2.1 in 192.0.2.0/24",
    ]);
  });

  test("tells that default routes changed, and is not woken for others", () => {
    expect(tell("route add default via 192.0.2.254")).toEqual(["routes-changed"]);
    expect(tell("route replace default via 192.0.2.253")).toEqual(["routes-changed"]);
    expect(tell("route delete default")).toEqual(["routes-changed"]);
    expect(tell("route add ::/0 via fe80::1 dev eth0")).toEqual(["routes-changed"]);
    expect(tell("route add default via 192.0.2.252 table 100", "route flush table 100")).toEqual(
      [],
    );
    namespace.batch([
      "route add 198.51.100.0/24 via 192.0.2.253",
      "route add 2001:db8:1::/64 dev eth0",
      "route delete 198.51.100.0/24",
    ]);
    let isWoken = false;
    const poll = new PollSet();
    poll.watch(socket.descriptor, () => {
      isWoken = true;
    });
    poll.wait(0);
    expect(isWoken).toBe(false);
  });

  test("dumps once more when that was asked for during a dump", () => {
    drain(socket);
    socket.requestAll();
    socket.requestAll();
    socket.requestAll();
    const told = drain(socket).map(shown);
    expect(told.filter((line) => line === "dump" || line === "done")).toEqual([
      "dump",
      "done",
      "dump",
      "done",
    ]);
  });

  test("asks for everything by itself when messages were lost, behind those that were not", () => {
    namespace.batch(onLoopback("add", 0, 2_000));
    namespace.batch(onLoopback("delete", 1, 2_000));
    const told = drain(socket).map(shown);
    const dump = told.indexOf("dump");
    expect(told.slice(0, dump)).toContain("address 10.0.0.1 in 10.0.0.1/32");
    expect(told.slice(dump)).toContain("address 10.0.0.0 in 10.0.0.0/32");
    expect(told.slice(dump)).not.toContain("address 10.0.0.1 in 10.0.0.1/32");
    expect(told.at(-1)).toBe("done");
    namespace.ip("address", "delete", "10.0.0.0/32", "dev", "lo");
  });

  test("repeats what changed while it was dumped, for something may be missing", () => {
    namespace.batch(onLoopback("add", 0, 1_000));
    drain(socket);
    socket.requestAll();
    const told: string[] = [];
    const isChanged = () => told.includes("address 10.0.0.0 in 10.0.0.0/32");
    while (!isChanged()) {
      told.push(...[socket.read()].flatMap((read) => (read === "empty" ? [] : read)).map(shown));
    }
    namespace.ip("address", "delete", "10.0.0.1/32", "dev", "lo");
    told.push(...drain(socket).map(shown));
    expect(told.filter((line) => line === "address 10.0.0.2 in 10.0.0.2/32")).toHaveLength(2);
    expect(told.filter((line) => line === "done")).toHaveLength(1);
    namespace.ip("address", "flush", "dev", "lo");
  });
});
