import { afterEach, expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { PollSet } from "./poll-set.ts";
import { socketAddress, UdpSocket } from "./udp-socket.ts";

/** Free unless two runs of the tests meet. */
const PORT = 20_000 + (process.pid % 4_000);

/** Of the smallest, for each of which the kernel counts 768 bytes; by default it has room for 277. */
const BACKLOG = 500;

const opened: UdpSocket[] = [];

afterEach(() => {
  for (const socket of opened.splice(0)) {
    socket.close();
  }
});

function open(family: "IPv4" | "IPv6", port: number): UdpSocket {
  const socket = UdpSocket.open(family, port);
  opened.push(socket);
  return socket;
}

test.for([
  { family: "IPv4" as const, ip: "127.0.0.1" },
  { family: "IPv6" as const, ip: "::1" },
])("carries a datagram over $family", ({ family, ip }) => {
  const socket = open(family, PORT);
  const buffer = new Uint8Array(16);
  expect(socket.receive(buffer)).toBeUndefined();
  expect(socket.send(Uint8Array.of(1, 2, 3), socketAddress(parseIp(ip), PORT))).toBe(true);
  const poll = new PollSet();
  let length: number | undefined;
  poll.watch(socket.descriptor, () => {
    length = socket.receive(buffer);
  });
  poll.wait(5_000);
  expect(length).toBe(3);
  expect([...buffer.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect(toHex(socket.source)).toBe(toHex(socketAddress(parseIp(ip), PORT)));
});

test("holds what comes while nobody reads: twice of what a socket does that asks for nothing", () => {
  const socket = open("IPv4", PORT);
  const here = socketAddress(parseIp("127.0.0.1"), PORT);
  for (let count = 0; count < BACKLOG; count++) {
    socket.send(Uint8Array.of(1), here);
  }
  const buffer = new Uint8Array(16);
  let received = 0;
  while (socket.receive(buffer) !== undefined) {
    received += 1;
  }
  expect(received).toBe(BACKLOG);
});

test("serves both families on one port", () => {
  open("IPv4", PORT);
  open("IPv6", PORT);
  expect(opened).toHaveLength(2);
});

test("says how to find the process that has the port", () => {
  open("IPv4", PORT);
  expect(() => UdpSocket.open("IPv4", PORT)).toThrow(
    `Cannot receive on UDP port ${PORT}: another process has the port: find it with "ss -lup sport = :${PORT}" and stop it, or set another port on all nodes`,
  );
});

test("writes addresses as the kernel lays them out", () => {
  expect(toHex(socketAddress(parseIp("192.0.2.1"), 7946))).toBe(
    `02001f0ac0000201${"00".repeat(8)}`,
  );
  expect(toHex(socketAddress(parseIp("2001:db8::1"), 7946))).toBe(
    `0a001f0a00000000${"20010db8000000000000000000000001"}00000000`,
  );
});
