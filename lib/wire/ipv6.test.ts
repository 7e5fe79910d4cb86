import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { formatIpv6, type Ipv6Packet, isMulticast, parseIpv6 } from "./ipv6.ts";

const PACKET: Ipv6Packet = {
  nextHeader: 58,
  hopLimit: 255,
  source: parseIp("2001:db8::77"),
  destination: parseIp("ff02::1:ff00:10"),
  payload: Uint8Array.of(0xca, 0xfe, 0x00),
};
const HEX =
  "60000000" +
  "0003" +
  "3a" +
  "ff" +
  "20010db8000000000000000000000077" +
  "ff0200000000000000000001ff000010" +
  "cafe00";

const ips = fc
  .bigInt(0n, 2n ** 128n - 1n)
  .map((value) => ({ family: "IPv6" as const, value }))
  .filter((ip) => !isMulticast(ip));
const packets = fc.record({
  nextHeader: fc.nat(255),
  hopLimit: fc.nat(255),
  source: ips,
  destination: ips,
  payload: fc.uint8Array({ maxLength: 64 }),
});

test("writes the fields in the order of RFC 8200 §3", () => {
  expect(toHex(formatIpv6(PACKET))).toBe(HEX);
});

test("reads the same bytes back", () => {
  expect(parseIpv6(fromHex(HEX))).toEqual(PACKET);
});

test("reads past traffic class and flow label, and padding", () => {
  expect(parseIpv6(fromHex(`6fffffff${HEX.slice(8)}0000`))).toEqual(PACKET);
});

test.for([
  { offset: 0, value: "45", why: "version is 4, not 6" },
  { offset: 4, value: "0004", why: "payload needs 4 bytes at offset 40, 3 remain" },
  { offset: 8, value: "ff", why: "source is a multicast address" },
])("refuses $value at offset $offset, because the $why", ({ offset, value, why }) => {
  const bytes = fromHex(HEX);
  bytes.set(fromHex(value), offset);
  expect(() => parseIpv6(bytes)).toThrow(new MalformedError("IPv6 packet", why));
});

test("refuses every packet that is cut short", () => {
  for (let length = 0; length < HEX.length / 2; length++) {
    expect(() => parseIpv6(fromHex(HEX).subarray(0, length))).toThrow(MalformedError);
  }
});

test("makes a packet of any bytes, or says what is wrong with them", () => {
  const start = fc.constantFrom("", "60000000", "6000000000103aff");
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 64 }), (hex, rest) => {
      try {
        const packet = parseIpv6(Uint8Array.of(...fromHex(hex), ...rest));
        expect(parseIpv6(formatIpv6(packet))).toEqual(packet);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
  );
});

test("reads every packet that it writes", () => {
  fc.assert(
    fc.property(packets, (packet) => {
      expect(parseIpv6(formatIpv6(packet))).toEqual(packet);
    }),
  );
});
