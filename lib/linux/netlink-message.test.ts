import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import {
  answeredFrom,
  attributesFrom,
  ipBytes,
  ipFrom,
  MessageType,
  messagesOf,
  newRequest,
  sequenceOf,
  u32From,
} from "./netlink-message.ts";
import { attribute, little, message, viewOf } from "./testing/netlink-bytes.ts";

const HEADER = { type: MessageType.getNeighbour, flags: 1, sequence: 7 };

test("begins a request with its header", () => {
  const request = newRequest(HEADER, 4);
  expect(toHex(new Uint8Array(request.buffer))).toBe("140000001e000100070000000000000000000000");
  expect(sequenceOf(request)).toBe(7);
});

test("cuts a datagram into its messages, which begin at multiples of four", () => {
  const odd = `${message(99, "01").slice(0, 34)}000000`;
  const lengths = messagesOf(fromHex(odd + message(98, ""))).map(({ byteLength }) => byteLength);
  expect(lengths).toEqual([17, 16]);
});

test.for([
  { what: "below its header", length: 15 },
  { what: "over the datagram", length: 21 },
])("refuses a message that says it is $what", ({ length }) => {
  const hex = `${little(length, 4)}${message(3, little(0, 4)).slice(8)}`;
  expect(() => messagesOf(fromHex(hex))).toThrow(
    `message at offset 0 says it has ${length} bytes, 20 remain`,
  );
});

test("refuses a datagram that ends within a header", () => {
  expect(() => messagesOf(new Uint8Array(3))).toThrow(
    "message needs 16 bytes at offset 0, 3 remain",
  );
});

test("reads attributes, the last of each type, without the flags of their types", () => {
  const hex = `${attribute(1, "aa")}${attribute(0x8002, "bb")}${attribute(1, "ccdd")}`;
  const attributes = [...attributesFrom(viewOf(message(99, hex)), 16)];
  expect(attributes.map(([type, value]) => [type, toHex(value)])).toEqual([
    [1, "ccdd"],
    [2, "bb"],
  ]);
});

test.for([
  { what: "below its header", hex: "00000300", why: "says it has 0 bytes, 4 remain" },
  { what: "over its message", hex: "09000300", why: "says it has 9 bytes, 4 remain" },
])("refuses an attribute that is $what", ({ hex, why }) => {
  expect(() => attributesFrom(viewOf(message(99, hex)), 16)).toThrow(
    new MalformedError("netlink datagram", `attribute at offset 16 ${why}`),
  );
});

test.for([
  { what: "the end of a dump", hex: message(3, little(0, 4)), answered: { kind: "done" } },
  {
    what: "the end of a dump that failed",
    hex: message(3, little(-12, 4)),
    answered: { kind: "error", errno: 12 },
  },
  { what: "a refusal", hex: message(2, little(-1, 4)), answered: { kind: "error", errno: 1 } },
])("reads $what", ({ hex, answered }) => {
  expect(answeredFrom(viewOf(hex))).toEqual(answered);
});

test("refuses a refusal without reason", () => {
  expect(() => answeredFrom(viewOf(message(2, "")))).toThrow(
    "Cannot read netlink datagram: message needs 20 bytes, and has 16",
  );
});

test.for(["192.0.2.1", "2001:db8::1:ff00:0"])("writes and reads the address %s", (text) => {
  const ip = parseIp(text);
  expect(ipFrom(ip.family === "IPv4" ? 2 : 10, ipBytes(ip), "address")).toEqual(ip);
});

test("refuses values of another length than their kind has", () => {
  expect(() => ipFrom(2, new Uint8Array(16), "gateway")).toThrow("gateway has 16 bytes, not 4");
  expect(() => ipFrom(10, new Uint8Array(4), "gateway")).toThrow("gateway has 4 bytes, not 16");
  expect(() => u32From(new Uint8Array(2), "flags")).toThrow("flags has 2 bytes, not 4");
});
