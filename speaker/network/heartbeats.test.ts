import { afterEach, expect, test } from "vitest";
import { PollSet } from "#lib/linux/poll-set.ts";
import type { Heartbeat } from "#lib/wire/heartbeat.ts";
import { Heartbeats } from "./heartbeats.ts";

/** Free unless two runs of the tests meet. */
const PORT = 28_000 + (process.pid % 4_000);
const KEY = new Uint8Array(32).fill(0x5a);
const MAC = "02:00:00:00:00:11";

const heard: Heartbeat[] = [];
const refused: string[] = [];
const opened: Heartbeats[] = [];

afterEach(() => {
  heard.length = 0;
  refused.length = 0;
  for (const heartbeats of opened.splice(0)) {
    heartbeats.close();
  }
});

/** One that has itself for a peer under another name, so that it hears what it sends. */
function open(key: Uint8Array, addresses: readonly string[]): [Heartbeats, PollSet] {
  const heartbeats = new Heartbeats({
    nodeName: "n1",
    port: PORT,
    incarnation: 7n,
    onHeartbeat: (heartbeat) => heard.push(heartbeat),
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

test.for([
  { family: "IPv4", addresses: ["127.0.0.1"] },
  { family: "IPv6", addresses: ["::1"] },
  { family: "the first address that is one", addresses: ["n2.example", "127.0.0.1"] },
])("carries heartbeats to a member's $family", ({ addresses }) => {
  const [heartbeats, poll] = open(KEY, addresses);
  heartbeats.send([MAC]);
  poll.wait(5_000);
  expect(heard).toEqual([
    { sender: "n1", incarnation: 7n, sequence: 1, leaving: false, macs: [MAC] },
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

test("tells at most eight links", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  heartbeats.send(Array.from({ length: 9 }, (_, index) => `02:00:00:00:00:1${index}`));
  poll.wait(5_000);
  expect(heard[0]?.macs).toHaveLength(8);
});

test("sends nothing to a member without an address", () => {
  const [heartbeats, poll] = open(KEY, []);
  heartbeats.send([MAC]);
  poll.wait(0);
  expect([...heard, ...refused]).toEqual([]);
});

test("refuses what another key has sealed, and hears what follows", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  heartbeats.setKey(new Uint8Array(32));
  heartbeats.send([]);
  heartbeats.setKey(KEY);
  heartbeats.send([]);
  poll.wait(5_000);
  expect(refused).toEqual(["tag is not of our key"]);
  expect(heard).toHaveLength(1);
});

test("knows the MAC addresses of the members that it heard", () => {
  const [heartbeats, poll] = open(KEY, ["127.0.0.1"]);
  heartbeats.setMembers([
    { name: "n1", addresses: [] },
    { name: "n2", addresses: ["127.0.0.1"] },
  ]);
  expect(heartbeats.hasMac(MAC)).toBe(false);
  heartbeats.send([MAC]);
  poll.wait(5_000);
  expect(heartbeats.hasMac(MAC)).toBe(true);
  heartbeats.setMembers([]);
  expect(heartbeats.hasMac(MAC)).toBe(false);
});
