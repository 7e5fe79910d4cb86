import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { parseRange } from "#lib/address/ip-range.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import type { LogFields } from "#lib/log/log.ts";
import { type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import type { Message } from "#lib/membership/message.ts";
import { profileOf } from "#lib/membership/profile.ts";
import type { MemberChannel } from "./member-channel.ts";
import { Members } from "./members.ts";
import type { OwnLink } from "./own-info.ts";
import { KEY, start } from "./testing/member-channels.ts";

/** Free unless two runs of the tests meet. */
const PORT = 24_000 + 2 * (process.pid % 2_000);
const HERE = socketAddress(parseIp("127.0.0.1"), PORT);
const LIMIT_MS = 5_000;
const GROUP = "192.0.2.20";
const LAN = parseRange("192.0.2.0/24");
const N2_MAC = "02:00:00:00:00:12";

const ETH0: OwnLink = {
  index: 2,
  name: "eth0",
  mac: "02:00:00:00:00:11",
  hasCarrier: true,
  subnets: [LAN, LAN],
};
const ETH1: OwnLink = {
  ...ETH0,
  index: 3,
  name: "eth1",
  subnets: [parseRange("198.51.100.0/24")],
};

const N2_RECORD: MemberRecord = {
  node: "n2",
  incarnation: 1,
  state: MemberState.alive,
  info: { macs: [N2_MAC], subnets: [LAN], isDraining: false, isImpaired: false },
};
const HEARTBEAT: Message = {
  kind: "heartbeat",
  incarnation: 1,
  isDeaf: false,
  hearsYou: true,
  hash: 0,
};

let now: number;
/** What was told, one line each. */
let told: string[];
let errors: unknown[];
let links: OwnLink[];
let announced: readonly string[];
/** Names of links, and what was logged of them. */
let logged: string[];
let poll: PollSet;
let members: Members;

beforeEach(() => {
  now = 0;
  told = [];
  errors = [];
  poll = new PollSet();
  links = [ETH0];
  announced = [];
  logged = [];
  const ignore = () => undefined;
  const noteLink = (message: string, fields?: LogFields) => {
    if (fields?.["link"] !== undefined) {
      logged.push(`${fields["link"]}: ${message}`);
    }
  };
  members = new Members({
    nodeName: "n1",
    port: PORT,
    profile: profileOf("balanced"),
    failbackMs: Number.POSITIVE_INFINITY,
    surrogate: true,
    log: {
      debug: ignore,
      info: noteLink,
      warn: noteLink,
      error: (_, fields) => errors.push(fields),
    },
    clock: () => now,
    links: () => links,
    announced: () => ({ addresses: () => announced, isNamed: () => false }),
    receivedFrames: () => 0,
    probe: (node) => told.push(`probe ${node}`),
    ask: ignore,
    defend: ignore,
    announceAnew: ignore,
    onOpen: (descriptors) => {
      for (const descriptor of descriptors) {
        poll.watch(descriptor, () => members.read());
      }
    },
    onRole: (group) => told.push(`${group}: ${members.roleOf(group)?.kind}`),
    onOwner: (group, to, { because }) => told.push(`${group} is ${to}'s: ${because}`),
    onMembers: () => told.push("members"),
  });
  members.setList([
    { name: "n1", addresses: ["127.0.0.1"] },
    { name: "n2", addresses: [] },
  ]);
});

afterEach(() => {
  members.restart();
});

function join(): void {
  members.setKey(KEY);
  members.ready();
}

/** Lets the clock run, with a look at every 50 ms. */
function runFor(ms: number): void {
  for (const end = now + ms; now < end; now += 50) {
    members.tick(now);
  }
}

/** Whether it has joined, which nobody is told of before. */
const hasJoined = () => told.includes("members");

test("joins when the table is ready and the key is there, in either order", () => {
  members.ready();
  expect(hasJoined()).toBe(false);
  members.setKey(KEY);
  expect(hasJoined()).toBe(true);
});

test("waits for the port while another process has it, says so once, and then joins", () => {
  const other = UdpSocket.open("IPv4", PORT);
  join();
  now = 1_000;
  members.tick(now);
  expect(hasJoined()).toBe(false);
  expect(errors).toEqual([
    { port: PORT, error: expect.stringContaining("another process has the port") },
  ]);
  other.close();
  expect(members.nextDeadline).toBe(2_000);
  now = 2_000;
  members.tick(now);
  expect(hasJoined()).toBe(true);
});

test("counts and drops what is no packet of ours", () => {
  join();
  const sender = UdpSocket.open("IPv4", PORT + 1);
  sender.send(Uint8Array.of(0, 1, 2, 3, 4), HERE);
  poll.wait(LIMIT_MS);
  sender.close();
  expect(members.drops).toEqual({ "bad-length": 1 });
});

test("tells its own links once each, and nothing of a node that nobody has heard", () => {
  join();
  expect([members.directory.subnetsOf("n1"), members.directory.subnetsOf("n2")]).toEqual([
    [LAN],
    undefined,
  ]);
  expect([members.directory.macsOf("n2"), members.directory.hasHeardAll]).toEqual([[], false]);
  expect(members.directory.hasSubnetOf("n2", "203.0.113.1")).toBe(true);
});

test("says which link without carrier has it give addresses away, once an address is announced there", () => {
  links = [ETH0, ETH1];
  join();
  links = [ETH0, { ...ETH1, hasCarrier: false }];
  members.linksChanged();
  expect(logged).toEqual([]);
  announced = ["198.51.100.20"];
  members.announcedChanged();
  members.tick(now);
  members.linksChanged();
  const because = "link has no carrier: what this node owns goes to others that are whole";
  expect(logged).toEqual([`eth1: ${because}`]);
  links = [ETH0, ETH1];
  members.linksChanged();
  expect(logged).toHaveLength(2);
});

test("claims what nobody has, a second after it joined", () => {
  members.put({ group: GROUP, order: ["n1"], canAnswer: () => true });
  join();
  runFor(1_000);
  expect(members.ownerOf(GROUP)).toBeUndefined();
  runFor(100);
  expect([members.ownerOf(GROUP), members.roleOf(GROUP)]).toEqual(["n1", { kind: "own" }]);
  expect(told).toContain(`${GROUP} is n1's: n1 is the first eligible node that is alive`);
  expect(told.at(-1)).toBe(`${GROUP}: own`);
});

test("has left when nothing is left to be given away, or after three seconds", () => {
  members.put({ group: GROUP, order: ["n1"], canAnswer: () => true });
  join();
  runFor(1_100);
  members.leave();
  expect(members.hasLeft).toBe(false);
  runFor(3_000);
  expect(members.hasLeft).toBe(true);
});

describe("another member", () => {
  let socket: UdpSocket;
  let channel: MemberChannel;

  beforeEach(() => {
    socket = UdpSocket.open("IPv4", PORT + 1);
    channel = start("n2", { members: ["n1", "n2"] });
    join();
    for (let round = 0; round < 3; round++) {
      say(HEARTBEAT);
      runFor(100);
      hear();
    }
  });

  afterEach(() => {
    socket.close();
  });

  function say(...messages: readonly Message[]): void {
    for (const datagram of channel.seal("n1", messages)) {
      socket.send(datagram, HERE);
      poll.wait(LIMIT_MS);
    }
  }

  /** What it is told; what it has to reply is sent. */
  function hear(): readonly Message[] {
    const heard: Message[] = [];
    const buffer = new Uint8Array(2_048);
    for (
      let length = socket.receive(buffer);
      length !== undefined;
      length = socket.receive(buffer)
    ) {
      const opened = channel.open(buffer.slice(0, length));
      if (!("refused" in opened)) {
        heard.push(...opened.messages);
      } else if (opened.reply !== undefined) {
        socket.send(opened.reply, HERE);
        poll.wait(LIMIT_MS);
      }
    }
    return heard;
  }

  /** What it is told of n1. */
  function heardOfN1(): readonly (MemberState | undefined)[] {
    return hear().flatMap((message) =>
      message.kind === "records"
        ? message.members.filter(({ node }) => node === "n1").map(({ state }) => state)
        : [],
    );
  }

  test("is known by what it says of itself, which is told", () => {
    told = [];
    say({ kind: "records", members: [N2_RECORD], claims: [] });
    expect(told).toContain("members");
    expect(members.directory.stateOf("n2")).toBe(MemberState.alive);
    expect([members.directory.macsOf("n2"), members.directory.subnetsOf("n2")]).toEqual([
      [N2_MAC],
      [LAN],
    ]);
    expect([members.directory.nodeWith(N2_MAC), members.directory.hasHeardAll]).toEqual([
      "n2",
      true,
    ]);
    expect([GROUP, "203.0.113.1"].map((ip) => members.directory.hasSubnetOf("n2", ip))).toEqual([
      true,
      false,
    ]);
  });

  test("says whose a group is", () => {
    members.put({ group: GROUP, order: ["n1", "n2"], canAnswer: () => true });
    const claims = [{ group: GROUP, epoch: 1, owner: "n2" }];
    say({ kind: "records", members: [N2_RECORD], claims });
    expect(told).toContain(`${GROUP} is n2's: n2 claimed it`);
  });

  test("is asked by its kernel when it is silent", () => {
    members.setList([{ name: "n2", addresses: ["192.0.2.12"] }]);
    say({ kind: "records", members: [N2_RECORD], claims: [] });
    runFor(300);
    say(HEARTBEAT);
    told = [];
    runFor(300);
    expect(told).toContain("probe n2");
  });

  test("is told that this one restarts", () => {
    say({ kind: "records", members: [N2_RECORD], claims: [] });
    hear();
    members.restart();
    expect(heardOfN1()).toContain(MemberState.restarting);
  });

  test("is told so in packets of their own, for one may be lost", () => {
    say({ kind: "records", members: [N2_RECORD], claims: [] });
    hear();
    members.restart();
    const buffer = new Uint8Array(2_048);
    let packets = 0;
    while (socket.receive(buffer) !== undefined) {
      packets += 1;
    }
    expect(packets).toBeGreaterThanOrEqual(3);
  });

  test("is listened to when it leaves the list, until it is dead for an hour", () => {
    members.setList([{ name: "n1", addresses: [] }]);
    say({ kind: "records", members: [N2_RECORD], claims: [] });
    expect(members.directory.stateOf("n2")).toBe(MemberState.alive);
    runFor(2_000);
    expect(members.directory.stateOf("n2")).toBe(MemberState.dead);
    for (const end = now + 2 * 3_600_000; now < end; now += 1_000) {
      members.tick(now);
    }
    say(HEARTBEAT);
    expect(members.drops).toMatchObject({ "unknown-sender": 1 });
  });
});
