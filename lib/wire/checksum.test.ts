import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { fromHex } from "#lib/bytes/testing/hex.ts";
import { checksumOf, icmpv6Checksum, sumOfWords } from "./checksum.ts";

function checksum(bytes: Uint8Array): number {
  return checksumOf(sumOfWords(new DataView(bytes.buffer), 0, bytes.length));
}

test("is the one of the example in RFC 1071 §3", () => {
  expect(checksum(fromHex("0001f203f4f5f6f7"))).toBe(0xffff - 0xddf2);
});

test.for([
  { bytes: "", sum: 0 },
  { bytes: "12", sum: 0x1200 },
  { bytes: "123456", sum: 0x1234 + 0x5600 },
])("adds up $bytes, with a zero behind a single byte", ({ bytes, sum }) => {
  expect(sumOfWords(new DataView(fromHex(bytes).buffer), 0, bytes.length / 2)).toBe(sum);
});

test("adds up the part that it is told of", () => {
  expect(sumOfWords(new DataView(fromHex("ffff12345678ffff").buffer), 2, 4)).toBe(0x1234 + 0x5678);
});

test("folds carries that come from carries", () => {
  expect(checksum(fromHex("ffff".repeat(3)))).toBe(0);
  expect(checksumOf(0xffff_0001)).toBe(0xffff - 1);
});

// tcpdump of Linux 6.18, which answered a solicitation
const SOURCE = parseIp("2001:db8::10");
const DESTINATION = parseIp("2001:db8::77");
const MESSAGE = `${"60000000"}${"20010db8000000000000000000000010"}${"0201020000000011"}`;

test("has ICMPv6 begin with the addresses, the length and the next header", () => {
  expect(icmpv6Checksum(SOURCE, DESTINATION, fromHex(`88000000${MESSAGE}`))).toBe(0x89d0);
});

test("is 0 of an ICMPv6 message with its checksum", () => {
  expect(icmpv6Checksum(SOURCE, DESTINATION, fromHex(`880089d0${MESSAGE}`))).toBe(0);
});

test("shows every single bit that is turned", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 80 }), fc.nat(), (bytes, turned) => {
      const message = Uint8Array.from(bytes);
      const view = new DataView(message.buffer);
      view.setUint16(2, 0);
      view.setUint16(2, icmpv6Checksum(SOURCE, DESTINATION, message));
      expect(icmpv6Checksum(SOURCE, DESTINATION, message)).toBe(0);
      const bit = turned % (message.length * 8);
      message[bit >> 3] = (message[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(icmpv6Checksum(SOURCE, DESTINATION, message)).not.toBe(0);
    }),
  );
});
