import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { type IpRange, parseRange } from "#lib/address/ip-range.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import { formatHeartbeat } from "#lib/wire/heartbeat.ts";
import { DropCounts } from "./drop-counts.ts";
import { tagOf } from "./member-keys.ts";
import { Members } from "./members.ts";

/** Free unless two runs of the tests meet. */
const PORT = 24_000 + (process.pid % 4_000);
const WALL_MS = 1_000_000;
const KEY = new Uint8Array(32).fill(0x5a);
const LAN = parseRange("192.0.2.0/24");
const OTHER = parseRange("198.51.100.0/24");

let now: number;
let alive: string[][];
let ownSubnets: readonly IpRange[];
/** Of n2, whenever something was told. */
let toldSubnets: unknown[];
let errors: unknown[];
let warnings: unknown[];
let drops: DropCounts;
let poll: PollSet;
let members: Members;

beforeEach(() => {
  now = 0;
  alive = [];
  ownSubnets = [LAN];
  toldSubnets = [];
  errors = [];
  warnings = [];
  drops = new DropCounts();
  poll = new PollSet();
  const ignore = () => undefined;
  members = new Members({
    nodeName: "n1",
    port: PORT,
    drops,
    log: {
      debug: ignore,
      info: ignore,
      warn: (_, fields) => warnings.push(fields),
      error: (_, fields) => errors.push(fields),
    },
    clock: () => now,
    wallClock: () => WALL_MS + now,
    macs: () => ["02:00:00:00:00:11"],
    subnets: () => ownSubnets,
    onOpen: (descriptors) => {
      for (const descriptor of descriptors) {
        poll.watch(descriptor, () => members.read());
      }
    },
    onAlive: (set) => {
      alive.push([...set]);
      toldSubnets.push(members.subnets.of("n2"));
    },
  });
  members.setList([
    { name: "n1", addresses: ["127.0.0.1"] },
    { name: "n2", addresses: [] },
  ]);
});

afterEach(() => {
  members.leave();
});

test("joins when the table is ready and the key is there, in either order", () => {
  members.ready();
  expect(alive).toEqual([]);
  members.setKey(KEY);
  expect(alive).toEqual([["n1", "n2"]]);
});

test("leaves a member out that stays silent", () => {
  members.setKey(KEY);
  members.ready();
  now = 1_000;
  members.tick(now);
  expect(alive).toEqual([["n1", "n2"], ["n1"]]);
});

test("waits for the port while another process has it, says so once, and then joins", () => {
  const other = UdpSocket.open("IPv4", PORT);
  members.setKey(KEY);
  members.ready();
  now = 1_000;
  members.tick(now);
  expect(alive).toEqual([]);
  expect(errors).toEqual([
    { port: PORT, error: expect.stringContaining("another process has the port") },
  ]);
  other.close();
  expect(members.nextDeadline).toBe(2_000);
  now = 2_000;
  members.tick(now);
  expect(alive).toEqual([["n1", "n2"]]);
});

test("counts and drops what is no heartbeat of ours", () => {
  members.setKey(KEY);
  members.ready();
  const sender = UdpSocket.open("IPv4", PORT + 1);
  sender.send(Uint8Array.of(0, 1, 2, 3, 4), socketAddress(parseIp("127.0.0.1"), PORT));
  poll.wait(5_000);
  sender.close();
  expect(drops.takeNews({})).toEqual({ heartbeatNotAuthentic: 1 });
});

describe("the subnets", () => {
  let n2: UdpSocket;
  let sequence: number;

  function hear(subnets: readonly IpRange[], leaving = false): void {
    sequence += 1;
    const heartbeat = { sender: "n2", incarnation: 1n, sequence, leaving, macs: [], subnets };
    const datagram = formatHeartbeat(heartbeat, (bytes) => tagOf(bytes, KEY));
    n2.send(datagram, socketAddress(parseIp("127.0.0.1"), PORT));
    poll.wait(5_000);
  }

  beforeEach(() => {
    n2 = UdpSocket.open("IPv4", PORT + 1);
    sequence = 0;
    members.setKey(KEY);
    members.ready();
    alive = [];
  });

  afterEach(() => {
    n2.close();
  });

  test("of this node are known from the start, and their changes are told at once", () => {
    members.tick(now);
    expect(members.subnets.of("n1")).toEqual([LAN]);
    members.linksChanged();
    expect(alive).toEqual([]);
    expect(members.nextDeadline).toBe(200);
    now = 50;
    ownSubnets = [OTHER];
    members.linksChanged();
    expect(members.subnets.of("n1")).toEqual([OTHER]);
    expect(alive).toEqual([["n1", "n2"]]);
    expect(members.nextDeadline).toBe(50);
  });

  test("of another are those of its last heartbeat, and each change is told once", () => {
    expect(members.subnets.of("n2")).toBeUndefined();
    hear([LAN]);
    hear([LAN]);
    expect(alive).toHaveLength(1);
    hear([OTHER]);
    expect(members.subnets.of("n2")).toEqual([OTHER]);
    expect(alive).toHaveLength(2);
  });

  test("of a node that comes are known before it is told that it came", () => {
    members.setList([]);
    members.setList([{ name: "n2", addresses: [] }]);
    toldSubnets = [];
    hear([LAN]);
    expect(toldSubnets).toEqual([[LAN]]);
  });

  test("of one that says goodbye stay until its Node is deleted", () => {
    hear([LAN]);
    hear([], true);
    expect(members.subnets.of("n2")).toEqual([LAN]);
    members.setList([]);
    expect(members.subnets.of("n2")).toBeUndefined();
  });
});

describe("a member whose clock was set back across a restart", () => {
  const REFUSED = { node: "n2", clockBehindMs: 61_000 };
  let n2: UdpSocket;
  let sequence: number;

  /** As of a speaker that dates its heartbeats so. */
  function hearFrom(incarnation: number): void {
    sequence += 1;
    const heartbeat = { sender: "n2", incarnation: BigInt(incarnation), sequence, leaving: false };
    const datagram = formatHeartbeat({ ...heartbeat, macs: [], subnets: [] }, (bytes) =>
      tagOf(bytes, KEY),
    );
    n2.send(datagram, socketAddress(parseIp("127.0.0.1"), PORT));
    poll.wait(5_000);
  }

  function passMs(ms: number): void {
    now += ms;
    members.tick(now);
  }

  beforeEach(() => {
    n2 = UdpSocket.open("IPv4", PORT + 1);
    sequence = 0;
    members.setList([{ name: "n2", addresses: ["127.0.0.1"] }]);
    members.setKey(KEY);
    members.ready();
    hearFrom(WALL_MS);
  });

  afterEach(() => {
    n2.close();
  });

  test("is told of once in an outage", () => {
    passMs(1_000);
    expect(alive.at(-1)).toEqual(["n1"]);
    hearFrom(WALL_MS - 60_000);
    passMs(200);
    hearFrom(WALL_MS - 60_000);
    expect(warnings).toEqual([REFUSED]);

    hearFrom(WALL_MS + 1);
    expect(alive.at(-1)).toEqual(["n1", "n2"]);
    passMs(1_000);
    hearFrom(WALL_MS - 60_000 + 1_200);
    expect(warnings).toEqual([REFUSED, REFUSED]);
  });

  test("is not told of while it is alive, for a packet may come late", () => {
    hearFrom(WALL_MS - 60_000);
    expect(warnings).toEqual([]);
  });
});
