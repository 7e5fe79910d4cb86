import { afterEach, beforeEach, expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import { MemberSockets, type Received } from "./member-sockets.ts";

/** Free unless two runs of the tests meet. */
const PORT = 28_000 + 2 * (process.pid % 1_000);
const LIMIT_MS = 5_000;
const HELLO = Uint8Array.of(1, 2, 3);
const HERE = socketAddress(parseIp("127.0.0.1"), PORT);
const NOTHING: Received = { from: undefined, reply: undefined };

let warnings: unknown[];
let sockets: MemberSockets;
/** Some process on this host, from any other port. */
let other: UdpSocket;

beforeEach(() => {
  warnings = [];
  const ignore = () => undefined;
  const warn = (_: string, fields: unknown) => warnings.push(fields);
  sockets = new MemberSockets({ debug: ignore, info: ignore, error: ignore, warn });
  other = UdpSocket.open("IPv4", PORT + 1);
});

afterEach(() => {
  sockets.close();
  other.close();
});

/** Opens the port, sends a datagram to it, and gives what was read; `then` says what becomes of it. */
function receive(then: Received): readonly number[][] {
  const taken: number[][] = [];
  const poll = new PollSet();
  for (const descriptor of sockets.open(PORT)) {
    poll.watch(descriptor, () =>
      sockets.read((datagram) => {
        taken.push([...datagram]);
        return then;
      }),
    );
  }
  other.send(HELLO, HERE);
  poll.wait(LIMIT_MS);
  return taken;
}

/** What the other process hears; undefined: nothing. */
function heard(): readonly number[] | undefined {
  const buffer = new Uint8Array(16);
  const length = other.receive(buffer);
  return length === undefined ? undefined : [...buffer.subarray(0, length)];
}

test("hands over what waits", () => {
  expect(receive(NOTHING)).toEqual([[...HELLO]]);
  expect(heard()).toBeUndefined();
});

test("leaves what is left of a flood for the next turn", () => {
  sockets.open(PORT);
  for (let count = 0; count < 200; count++) {
    other.send(HELLO, HERE);
  }
  let taken = 0;
  const turns = Array.from({ length: 2 }, () => {
    const before = taken;
    sockets.read(() => {
      taken += 1;
      return NOTHING;
    });
    return taken - before;
  });
  expect(turns).toEqual([128, 72]);
});

test("sends a reply to where the datagram came from", () => {
  receive({ from: undefined, reply: Uint8Array.of(9) });
  expect(heard()).toEqual([9]);
});

test("answers a member without an address where its last packet that counted came from", () => {
  sockets.setMembers([{ name: "n2", addresses: [] }]);
  sockets.send("n2", Uint8Array.of(7));
  receive({ from: "n2", reply: undefined });
  sockets.send("n2", Uint8Array.of(8));
  expect(heard()).toEqual([8]);
  expect(heard()).toBeUndefined();
});

test("forgets where a member was that is none any more", () => {
  sockets.setMembers([{ name: "n2", addresses: [] }]);
  receive({ from: "n2", reply: undefined });
  sockets.setMembers([]);
  sockets.send("n2", Uint8Array.of(8));
  expect(heard()).toBeUndefined();
});

test("sends to the first address of a member that is one, on the port of all", () => {
  sockets.open(PORT);
  sockets.setMembers([{ name: "n2", addresses: ["no address", "127.0.0.1"] }]);
  sockets.send("n2", HELLO);
  const taken: number[][] = [];
  sockets.read((datagram) => {
    taken.push([...datagram]);
    return NOTHING;
  });
  expect(taken).toEqual([[...HELLO]]);
});

test("tells once of each member without an address, when the port is open", () => {
  const lost = { name: "n2", addresses: [] };
  sockets.setMembers([lost]);
  expect(warnings).toEqual([]);
  sockets.open(PORT);
  sockets.setMembers([lost, { name: "n3", addresses: ["127.0.0.1"] }]);
  expect(warnings).toEqual([{ node: "n2", internalIps: [] }]);
});

test("leaves nothing open when the port is another's", () => {
  const first = UdpSocket.open("IPv4", PORT);
  expect(() => sockets.open(PORT)).toThrow("another process has the port");
  first.close();
  expect(sockets.open(PORT).length).toBeGreaterThan(0);
});
