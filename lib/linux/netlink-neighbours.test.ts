import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { formatNeighbourRequest, neighbourMacFrom } from "./netlink-neighbours.ts";
import { almost, attribute, cutsOf, message, viewOf } from "./testing/netlink-bytes.ts";

const NEW = 28;

/** What Linux 6.18 answers about 192.0.2.254 on link 3. */
const ENTRY =
  "4c0000001c000000070000008d17000002000000030000000800000108000100c00002fe" +
  "0a00020002000000010000000800040000000000" +
  "1400030032000000320000003200000001000000";

/** The fixed part, and an address in the family that is being asked for just now. */
const INCOMPLETE = `020000000300000001000001${attribute(1, "c000024d")}`;

test.for([
  {
    ip: "192.0.2.254",
    hex: "240000001e000100070000000000000002000000030000000000000008000100c00002fe",
  },
  {
    ip: "2001:db8::fe",
    hex: "300000001e00010007000000000000000a00000003000000000000001400010020010db80000000000000000000000fe",
  },
])("asks for $ip as iproute2 does", ({ ip, hex }) => {
  expect(toHex(formatNeighbourRequest(3, parseIp(ip), 7))).toBe(hex);
});

test("reads the MAC address of an entry", () => {
  expect(neighbourMacFrom(viewOf(ENTRY))).toBe("02:00:00:00:01:00");
});

test("reads that there is no MAC address yet, or none of Ethernet", () => {
  expect(neighbourMacFrom(viewOf(message(NEW, INCOMPLETE)))).toBeUndefined();
  const other = message(NEW, INCOMPLETE + attribute(2, "c0000201"));
  expect(neighbourMacFrom(viewOf(other))).toBeUndefined();
});

test("refuses every message that is cut within a field", () => {
  for (const cut of cutsOf(ENTRY, 28)) {
    expect(() => neighbourMacFrom(cut)).toThrow(MalformedError);
  }
});

test("reads any message, or says what is wrong with it", () => {
  fc.assert(
    fc.property(almost(ENTRY), (bytes) => {
      try {
        expect(neighbourMacFrom(new DataView(bytes.buffer)) ?? "00:").toMatch(/^[0-9a-f]{2}:/);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 1_000 },
  );
});
