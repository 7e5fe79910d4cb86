import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { parseRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { formatDumpRequest, parseNetlink } from "./netlink.ts";
import { almost, attribute, little, message } from "./testing/netlink-bytes.ts";

const MULTI = 2;
const INTERRUPTED = 0x10;

const UNLINK = message(17, `${little(0, 4)}${little(8, 4)}${little(0, 8)}`);
const ADDRESS = message(20, `02188000${little(3, 4)}${attribute(1, "c0000201")}`);
const ROUTE_BODY = `02000000fe030001${little(0, 4)}${attribute(5, "c00002fe")}${attribute(4, little(3, 4))}`;
const ROUTE = message(24, ROUTE_BODY, MULTI);
const DONE = message(3, little(0, 4), MULTI);

const ALL = UNLINK + ADDRESS + ROUTE + DONE;

test.for([
  { dump: "links" as const, hex: `200000001200010300000000${"00".repeat(20)}` },
  { dump: "addresses" as const, hex: `180000001600010300000000${"00".repeat(12)}` },
  { dump: "routes" as const, hex: `1c0000001a00010300000000${"00".repeat(16)}` },
])("asks for all $dump with a dump request", ({ dump, hex }) => {
  expect(toHex(formatDumpRequest(dump))).toBe(hex);
});

test("reads several messages of one datagram", () => {
  expect(parseNetlink(fromHex(ALL))).toEqual([
    { kind: "unlink", index: 8 },
    {
      kind: "address",
      address: {
        index: 3,
        ip: parseIp("192.0.2.1"),
        subnet: parseRange("192.0.2.0/24"),
        isUsable: true,
      },
    },
    { kind: "gateway", gateway: { index: 3, ip: parseIp("192.0.2.254") } },
    { kind: "done" },
  ]);
});

test("reads why a request was refused", () => {
  expect(parseNetlink(fromHex(message(2, little(-1, 4))))).toEqual([{ kind: "error", errno: 1 }]);
});

test("reads that a dump was interrupted, from whichever message says so", () => {
  const interrupted = message(24, ROUTE_BODY, MULTI | INTERRUPTED);
  expect(parseNetlink(fromHex(interrupted + DONE)).map(({ kind }) => kind)).toEqual([
    "interrupted",
    "gateway",
    "done",
  ]);
});

test("passes over messages of other types", () => {
  expect(parseNetlink(fromHex(message(99, "00".repeat(7))))).toEqual([]);
});

test("refuses every datagram that is cut within a message", () => {
  const bytes = fromHex(ALL);
  const wholes = [UNLINK, UNLINK + ADDRESS, UNLINK + ADDRESS + ROUTE].map((hex) => hex.length / 2);
  for (let length = 1; length < bytes.length; length++) {
    if (!wholes.includes(length)) {
      expect(() => parseNetlink(bytes.subarray(0, length))).toThrow(MalformedError);
    }
  }
});

test("makes events of any bytes, or says what is wrong with them", () => {
  fc.assert(
    fc.property(fc.oneof(almost(ALL), fc.uint8Array({ maxLength: 128 })), (bytes) => {
      try {
        expect(Array.isArray(parseNetlink(bytes))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 1_000 },
  );
});
