import { afterEach, describe, expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { parseRange } from "#lib/address/ip-range.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import { formatHeartbeat, type Heartbeat, parseHeartbeat } from "#lib/wire/heartbeat.ts";
import { Heartbeats } from "./heartbeats.ts";
import { tagOf } from "./member-keys.ts";

/** Free unless two runs of the tests meet. */
const PORT = 28_000 + (process.pid % 4_000);
const KEY = new Uint8Array(32).fill(0x5a);
const MAC = "02:00:00:00:00:11";
const LAN = parseRange("192.0.2.0/24");

const NEW_KEY = new Uint8Array(32).fill(0xa5);
const WALL_MS = 50_000;

let now = 0;
const heard: Heartbeat[] = [];
const refused: string[] = [];
const warned: unknown[] = [];
const opened: { close(): void }[] = [];

afterEach(() => {
  now = 0;
  heard.length = 0;
  refused.length = 0;
  warned.length = 0;
  for (const heartbeats of opened.splice(0)) {
    heartbeats.close();
  }
});

function fail(): never {
  throw new Error("nothing to tell here");
}

/** One that has itself for a peer under another name, so that it hears what it sends. */
function open(key: Uint8Array, addresses: readonly string[]): [Heartbeats, PollSet] {
  const heartbeats = new Heartbeats({
    nodeName: "n1",
    port: PORT,
    log: { debug: fail, info: fail, warn: (_, fields) => warned.push(fields), error: fail },
    clock: () => now,
    wallClock: () => WALL_MS,
    onHeartbeat: (heartbeat) => {
      const isNew = heard.every(({ sequence }) => sequence < heartbeat.sequence);
      heard.push(heartbeat);
      return isNew;
    },
    onRefused: (why) => refused.push(why),
  });
  opened.push(heartbeats);
  heartbeats.setMembers([{ name: "n2", addresses }]);
  heartbeats.setKey(key);
  const poll = new PollSet();
  for (const descriptor of heartbeats.open()) {
    poll.watch(descriptor, () => heartbeats.read());
  }
  return [heartbeats, poll];
}

/** A member called n2 that sends what it is told to. */
class Neighbour {
  readonly #socket = UdpSocket.open("IPv4", PORT + 1 + opened.length);

  constructor() {
    opened.push(this.#socket);
  }

  send(sequence: number, key: Uint8Array): void {
    const heartbeat = {
      sender: "n2",
      incarnation: 1n,
      sequence,
      leaving: false,
      macs: [],
      subnets: [],
    };
    const datagram = formatHeartbeat(heartbeat, (bytes) => tagOf(bytes, key));
    this.#socket.send(datagram, socketAddress(parseIp("127.0.0.1"), PORT));
  }

  /** All that waits, each read with the next of the keys: on loopback a datagram is there when it was sent. */
  received(...keys: readonly Uint8Array[]): readonly Heartbeat[] {
    const buffer = new Uint8Array(1_500);
    const received: Heartbeat[] = [];
    for (let length = this.#socket.receive(buffer); length !== undefined; ) {
      const key = keys[received.length % keys.length] ?? KEY;
      const datagram = buffer.subarray(0, length);
      received.push(
        parseHeartbeat(datagram, (bytes, tag) => Buffer.compare(tagOf(bytes, key), tag) === 0),
      );
      length = this.#socket.receive(buffer);
    }
    return received;
  }
}

test.for([
  { family: "IPv4", addresses: ["127.0.0.1"] },
  { family: "IPv6", addresses: ["::1"] },
  { family: "the first address that is one", addresses: ["n2.example", "127.0.0.1"] },
])("carries heartbeats to a member's $family", ({ addresses }) => {
  const [heartbeats, poll] = open(KEY, addresses);
  heartbeats.send([MAC], [LAN]);
  poll.wait(5_000);
  expect(heard).toEqual([
    {
      sender: "n1",
      incarnation: BigInt(WALL_MS),
      sequence: 1,
      leaving: false,
      macs: [MAC],
      subnets: [LAN],
    },
  ]);
});

test("says goodbye three times", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  heartbeats.sendGoodbye();
  poll.wait(5_000);
  expect(heard.map(({ leaving, sequence }) => [leaving, sequence])).toEqual([
    [true, 1],
    [true, 2],
    [true, 3],
  ]);
});

test("tells the addresses of 64 links at most, each once", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  const macs = Array.from({ length: 90 }, (_, index) => `02:00:00:00:00:${index + 10}`);
  heartbeats.send([...macs.slice(0, 20), ...macs.slice(0, 63)], []);
  heartbeats.send(macs, []);
  poll.wait(5_000);
  expect(heard.map(({ macs: told }) => told)).toEqual([macs.slice(0, 63), macs.slice(0, 64)]);
});

test("tells 28 subnets at most, each once", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  const subnets = Array.from({ length: 40 }, (_, index) => parseRange(`10.0.${index}.0/24`));
  heartbeats.send([], [...subnets.slice(0, 20), ...subnets.slice(0, 27)]);
  heartbeats.send([], subnets);
  poll.wait(5_000);
  expect(heard.map(({ subnets: told }) => told)).toEqual([
    subnets.slice(0, 27),
    subnets.slice(0, 28),
  ]);
});

test("refuses what another key has sealed, and hears what follows", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  new Neighbour().send(1, NEW_KEY);
  heartbeats.send([], []);
  poll.wait(5_000);
  expect(refused).toEqual(["tag is not of our key"]);
  expect(heard).toHaveLength(1);
});

describe("while a member has no address to send to", () => {
  test.each([
    { why: "its Node has none", addresses: [] },
    { why: "its Node has a name only", addresses: ["n2.example"] },
  ])(
    "because $why, says so once and sends to where its last good heartbeat came from",
    ({ addresses }) => {
      const [heartbeats, poll] = open(KEY, addresses);
      const neighbour = new Neighbour();
      heartbeats.send([MAC], [LAN]);
      expect(neighbour.received(KEY)).toEqual([]);

      neighbour.send(1, KEY);
      poll.wait(5_000);
      heartbeats.send([MAC], [LAN]);
      expect(neighbour.received(KEY)).toMatchObject([{ sender: "n1", macs: [MAC] }]);

      heartbeats.setMembers([{ name: "n2", addresses }]);
      expect(warned).toEqual([{ node: "n2", internalIps: addresses }]);
    },
  );

  test("does not send to who plays its heartbeats again, or has another key", () => {
    const [heartbeats, poll] = open(KEY, []);
    const neighbour = new Neighbour();
    const intruder = new Neighbour();
    neighbour.send(1, KEY);
    intruder.send(1, KEY);
    intruder.send(2, NEW_KEY);
    poll.wait(5_000);
    heartbeats.send([], []);
    expect(intruder.received(KEY)).toEqual([]);
    expect(neighbour.received(KEY)).toHaveLength(1);
  });
});

describe("after a change of the key", () => {
  test("sends each heartbeat under both for ten minutes, then under the new one", () => {
    const [heartbeats, poll] = open(KEY, []);
    const neighbour = new Neighbour();
    neighbour.send(1, KEY);
    poll.wait(5_000);
    heartbeats.setKey(NEW_KEY);
    heartbeats.send([], []);
    expect(neighbour.received(NEW_KEY, KEY).map(({ sequence }) => sequence)).toEqual([1, 1]);
    now = 600_000;
    heartbeats.send([], []);
    expect(neighbour.received(NEW_KEY).map(({ sequence }) => sequence)).toEqual([2]);
  });

  test("hears a heartbeat once that comes under both", () => {
    const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
    heartbeats.setKey(NEW_KEY);
    heartbeats.send([], []);
    poll.wait(5_000);
    expect(heard).toHaveLength(1);
    expect(refused).toEqual([]);
  });

  test("hears who has only one of them", () => {
    const [heartbeats, poll] = open(KEY, []);
    heartbeats.setKey(NEW_KEY);
    const neighbour = new Neighbour();
    neighbour.send(1, KEY);
    neighbour.send(2, NEW_KEY);
    poll.wait(5_000);
    expect(heard.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });
});

test("knows the MAC addresses of the members that it heard", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  expect(heartbeats.hasMac(MAC)).toBe(false);
  heartbeats.send([MAC], [LAN]);
  poll.wait(5_000);
  expect(heartbeats.hasMac(MAC)).toBe(true);
  heartbeats.setMembers([]);
  expect(heartbeats.hasMac(MAC)).toBe(false);
});
