import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { formatGroupDumpRequest, groupFrom } from "./netlink-groups.ts";
import { almost, attribute, cutsOf, message, viewOf } from "./testing/netlink-bytes.ts";

const GROUP = 58;

/** ff02::1:ff00:1 on link 3, as Linux 6.18 dumps it. */
const ENTRY =
  "400000003a00020000000000c11700000a8080000300000014000700ff0200000000000000000001ff000001" +
  "14000600ffffffffffffffff715f2500715f2500";

test("asks for the groups of all links with a dump request", () => {
  expect(toHex(formatGroupDumpRequest(7))).toBe("180000003a00010307000000000000000a00000000000000");
});

test("reads a group", () => {
  expect(groupFrom(viewOf(ENTRY))).toEqual({ index: 3, group: parseIp("ff02::1:ff00:1") });
});

test("passes over a group of IPv4", () => {
  const ofIpv4 = message(GROUP, `0220000003000000${attribute(7, "e0000001")}`);
  expect(groupFrom(viewOf(ofIpv4))).toBeUndefined();
});

test("refuses a group that is no IPv6 address", () => {
  const short = message(GROUP, `0a80000003000000${attribute(7, "e0000001")}`);
  expect(() => groupFrom(viewOf(short))).toThrow("group has 4 bytes, not 16");
});

test("refuses every message that is cut within a field", () => {
  for (const cut of cutsOf(ENTRY, 24)) {
    expect(() => groupFrom(cut)).toThrow(MalformedError);
  }
});

test("reads any message, or says what is wrong with it", () => {
  fc.assert(
    fc.property(almost(ENTRY), (bytes) => {
      try {
        expect(groupFrom(new DataView(bytes.buffer))?.group.family ?? "IPv6").toBe("IPv6");
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 1_000 },
  );
});
