import { readdirSync } from "node:fs";
import koffi from "koffi";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ip, parseIp } from "#lib/address/ip.ts";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { Code } from "./bpf.ts";
import { recv } from "./libc.ts";
import { MulticastMemberships } from "./multicast-memberships.ts";
import { NetlinkQuery } from "./netlink-query.ts";
import { PacketSocket } from "./packet-socket.ts";
import { Namespace } from "./testing/namespace.ts";

const LIMIT = { timeout: 8_000, interval: 20 };

const FIRST = parseIp("ff02::1:ff00:200");
const GROUP = "ff0200000000000000000001ff000200";

const RLIMIT_NOFILE = 7;
const getrlimit: (resource: number, limits: Uint8Array) => number = koffi
  .load(null)
  .func("int getrlimit(int, void *)");
const setrlimit: (resource: number, limits: Uint8Array) => number = koffi
  .load(null)
  .func("int setrlimit(int, const void *)");

function groups(count: number): readonly Ip[] {
  return Array.from({ length: count }, (_, beyond) => ({
    family: "IPv6",
    value: FIRST.value + BigInt(beyond),
  }));
}

function openFiles(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Calls the function while the process may open only so many files more: a new one has the lowest number that is free. */
function withFiles<T>(more: number, call: () => T): T {
  const opened = new Set(readdirSync("/proc/self/fd").map(Number));
  let limit = 0;
  for (let free = 0; free < more; limit++) {
    free += opened.has(limit) ? 0 : 1;
  }
  const limits = new Uint8Array(16);
  getrlimit(RLIMIT_NOFILE, limits);
  const low = limits.slice();
  new DataView(low.buffer).setBigUint64(0, BigInt(limit), true);
  setrlimit(RLIMIT_NOFILE, low);
  try {
    return call();
  } finally {
    setrlimit(RLIMIT_NOFILE, limits);
  }
}

describe.runIf(process.getuid?.() === 0)("in a namespace (needs root)", () => {
  let namespace: Namespace;
  let query: NetlinkQuery;
  let memberships: MulticastMemberships;
  let eth0: number;
  let now = 0;

  beforeAll(() => {
    namespace = new Namespace();
    query = namespace.within(() => NetlinkQuery.open());
  });

  afterAll(() => {
    query.close();
    namespace[Symbol.dispose]();
  });

  beforeEach(() => {
    namespace.batch([
      "link add eth0 type veth peer name eth1",
      "link set eth0 up",
      "link set eth1 up",
    ]);
    eth0 = namespace.indexOf("eth0");
    memberships = new MulticastMemberships((index) => query.groupsOf(index));
  });

  afterEach(() => {
    memberships.close();
    namespace.setSysctl("net/core/optmem_max", 131_072);
    namespace.ip("link", "delete", "eth1");
  });

  /** Does all there is to do. */
  function settle(): void {
    namespace.within(() => {
      while (memberships.nextDeadline !== undefined) {
        now = Math.max(now, memberships.nextDeadline);
        memberships.tick(now);
      }
    });
  }

  function joinAll(wanted: readonly Ip[], index = eth0): void {
    for (const group of wanted) {
      memberships.join(index, group);
    }
    settle();
  }

  /** How many of the groups the kernel counts the link to. */
  function held(wanted: readonly Ip[], index = eth0): number {
    const all = query.groupsOf(index);
    return wanted.filter(({ value }) => all.has(value)).length;
  }

  test("belongs to a group until all who wanted that have left", () => {
    memberships.join(eth0, FIRST);
    memberships.join(eth0, FIRST);
    settle();
    expect(held([FIRST])).toBe(1);
    memberships.leave(eth0, FIRST);
    settle();
    expect(held([FIRST])).toBe(1);
    memberships.leave(eth0, FIRST);
    memberships.leave(eth0, FIRST);
    settle();
    expect(held([FIRST])).toBe(0);
  });

  test("has nothing to do for a wish that was taken back at once", () => {
    const before = openFiles();
    memberships.join(eth0, FIRST);
    memberships.leave(eth0, FIRST);
    settle();
    expect(held([FIRST])).toBe(0);
    expect(openFiles()).toBe(before);
  });

  test("does little at a time", () => {
    const wanted = groups(20);
    for (const group of wanted) {
      memberships.join(eth0, group);
    }
    namespace.within(() => memberships.tick(0));
    expect(held(wanted)).toBe(16);
    expect(memberships.nextDeadline).toBe(Number.NEGATIVE_INFINITY);
    namespace.within(() => memberships.tick(0));
    expect(held(wanted)).toBe(20);
    expect(memberships.nextDeadline).toBeUndefined();
  });

  test("looks what the kernel has at most five times a second, however often that is asked for", () => {
    let looks = 0;
    const counted = new MulticastMemberships(() => {
      looks += 1;
      return new Set();
    });
    counted.join(eth0, FIRST);
    for (let ms = 0; ms < 1_000; ms++) {
      counted.rejoin(eth0);
      namespace.within(() => counted.tick(ms));
    }
    expect(looks).toBe(5);
    expect(counted.nextDeadline).toBe(1_000);
    counted.close();
  });

  test("takes another socket when the option memory of one is full", () => {
    namespace.setSysctl("net/core/optmem_max", 20_480);
    const before = openFiles();
    const wanted = groups(1_000);
    joinAll(wanted);
    expect(held(wanted)).toBe(1_000);
    expect(openFiles() - before).toBe(3);
    for (const group of wanted) {
      memberships.leave(eth0, group);
    }
    settle();
    expect(held(wanted)).toBe(0);
    expect(openFiles()).toBe(before);
  });

  test("uses the room again that was left in a full socket", () => {
    namespace.setSysctl("net/core/optmem_max", 20_480);
    const before = openFiles();
    const wanted = groups(500);
    joinAll(wanted.slice(0, 400));
    for (const group of wanted.slice(0, 200)) {
      memberships.leave(eth0, group);
    }
    joinAll(wanted.slice(400));
    expect(held(wanted)).toBe(300);
    expect(openFiles() - before).toBe(2);
  });

  test.for([
    { what: "was down", lines: ["link set eth0 down", "link set eth0 up"] },
    { what: "had no carrier", lines: ["link set eth1 down", "link set eth1 up"] },
    { what: "was given all its addresses anew", lines: ["address flush dev eth0"] },
    { what: "was renamed", lines: ["link set eth0 name lan0", "link set lan0 name eth0"] },
    { what: "got another MAC address", lines: ["link set eth0 address 02:00:00:00:00:77"] },
    {
      what: "was a port of a bridge",
      lines: ["link add br0 type bridge", "link set eth0 master br0", "link delete br0"],
    },
  ])("keeps the groups of a link that $what", ({ lines }) => {
    joinAll(groups(3));
    namespace.batch(lines);
    expect(held(groups(3))).toBe(3);
    memberships.rejoin(eth0);
    settle();
    expect(held(groups(3))).toBe(3);
  });

  test("keeps the groups of a link on which IPv6 was disabled", () => {
    joinAll(groups(3));
    namespace.setSysctl("net/ipv6/conf/eth0/disable_ipv6", 1);
    memberships.rejoin(eth0);
    settle();
    namespace.setSysctl("net/ipv6/conf/eth0/disable_ipv6", 0);
    memberships.rejoin(eth0);
    settle();
    expect(held(groups(3))).toBe(3);
  });

  test("joins again what the kernel forgot with IPv6 on the link, when its MTU was too small", () => {
    joinAll(groups(100));
    namespace.ip("link", "set", "eth0", "mtu", "1200");
    memberships.rejoin(eth0);
    settle();
    expect(held(groups(100))).toBe(0);
    namespace.ip("link", "set", "eth0", "mtu", "1500");
    expect(held(groups(100))).toBe(0);
    memberships.rejoin(eth0);
    settle();
    expect(held(groups(100))).toBe(100);
  });

  test.for([
    { what: "the same index", index: 77 },
    { what: "another index", index: 78 },
  ])("joins again on a link that was made anew with $what", ({ index }) => {
    namespace.batch(["link add eth2 index 77 type veth peer name eth3", "link set eth2 up"]);
    joinAll(groups(3), 77);
    namespace.ip("link", "delete", "eth2");
    memberships.leaveLink(77);
    namespace.ip(
      "link",
      "add",
      "eth2",
      "index",
      `${index}`,
      "type",
      "veth",
      "peer",
      "name",
      "eth3",
    );
    joinAll(groups(3), index);
    expect(held(groups(3), index)).toBe(3);
    namespace.ip("link", "delete", "eth2");
  });

  test("joins again on a link that was made anew with the same index, unnoticed", () => {
    const make = "link add eth2 index 77 type veth peer name eth3";
    namespace.batch([make]);
    joinAll(groups(3), 77);
    namespace.batch(["link delete eth2", make]);
    memberships.rejoin(77);
    settle();
    expect(held(groups(3), 77)).toBe(3);
    namespace.ip("link", "delete", "eth2");
  });

  test("waits for a link that is not there, and joins when it is", () => {
    joinAll(groups(3), 77);
    expect(memberships.nextDeadline).toBeUndefined();
    namespace.ip("link", "add", "eth2", "index", "77", "type", "veth", "peer", "name", "eth3");
    memberships.rejoin(77);
    settle();
    expect(held(groups(3), 77)).toBe(3);
    namespace.ip("link", "delete", "eth2");
  });

  test("says so once when the process may open no more files, and waits", () => {
    namespace.setSysctl("net/core/optmem_max", 20_480);
    const wanted = groups(1_000);
    expect(() => withFiles(3, () => joinAll(wanted))).toThrow(
      "Cannot open a socket for multicast groups: the process has as many files open as it may: raise its limit of open files",
    );
    expect(memberships.nextDeadline).toBeUndefined();
    expect(held(wanted)).toBeGreaterThanOrEqual(365);
    memberships.rejoin(eth0);
    settle();
    expect(held(wanted)).toBe(1_000);
  });

  test("says so when a socket may have no group at all", () => {
    namespace.setSysctl("net/core/optmem_max", 8);
    expect(() => joinAll([FIRST])).toThrow(
      "Cannot join a multicast group: the kernel lets a socket have no group at all: raise net.core.optmem_max",
    );
  });

  test("leaves no file open after a thousand joins, leaves and lost links", () => {
    const before = openFiles();
    for (let cycle = 0; cycle < 1_000; cycle++) {
      joinAll([FIRST]);
      if (cycle % 2 === 0) {
        memberships.leaveLink(eth0);
      } else {
        memberships.leave(eth0, FIRST);
      }
      settle();
    }
    expect(held([FIRST])).toBe(0);
    expect(openFiles()).toBe(before);
  });

  test("tells the switches when it joins again", async () => {
    const frame = new Uint8Array(2_048);
    const eth1 = { index: namespace.indexOf("eth1"), name: "eth1" };
    const filter = [{ code: Code.finish, jt: 0, jf: 0, k: 0xffff }];
    const peer = namespace.within(() => PacketSocket.open(eth1, { etherType: 0x86dd, filter }));
    const reports = () => {
      const heard: string[] = [];
      for (let length = 1; length > 0; ) {
        length = recv(peer.descriptor, frame, frame.length, 0);
        heard.push(toHex(frame.subarray(0, Math.max(0, length))));
      }
      // MLDv2 reports go to ff02::16, RFC 3810 §5.2.14
      return heard.filter((hex) => hex.startsWith("333300000016") && hex.includes(GROUP)).length;
    };
    joinAll([FIRST]);
    await expect.poll(reports, LIMIT).toBeGreaterThan(0);
    namespace.batch(["link set eth0 mtu 1200", "link set eth0 mtu 1500"]);
    reports();
    memberships.rejoin(eth0);
    settle();
    await expect.poll(reports, LIMIT).toBeGreaterThan(0);
    peer.close();
  });
});
