import fc from "fast-check";
import { Address6 } from "ip-address";
import { expect, it } from "vitest";
import { formatHexGroups, parseHexGroups } from "./hex-groups.ts";

const MAX = (1n << 128n) - 1n;

/** What the library makes of text without prefix length and zone. */
function byLibrary(text: string): bigint | undefined {
  return !/[/%]/.test(text) && Address6.isValid(text) ? new Address6(text).bigInt() : undefined;
}

it.each([
  ["::", 0n],
  ["::1", 1n],
  ["1::", 1n << 112n],
  ["2001:db8::1", 0x2001_0db8_0000_0000_0000_0000_0000_0001n],
  ["2001:0DB8::0001", 0x2001_0db8_0000_0000_0000_0000_0000_0001n],
  ["1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004_0005_0006_0007_0008n],
  ["1:2:3:4:5:6:7::", 0x0001_0002_0003_0004_0005_0006_0007_0000n],
  ["::2:3:4:5:6:7:8", 0x0000_0002_0003_0004_0005_0006_0007_0008n],
  ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", MAX],
  ["1:2:3:4::5:6:7:8", undefined],
  ["1:2:3:4:5:6:7:8::", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["1::2::3", undefined],
  [":::", undefined],
  ["1:::2", undefined],
  [":1", undefined],
  [":1::2", undefined],
  ["1::2:", undefined],
  ["12345::", undefined],
  ["2001:db8::g", undefined],
  ["2001:db8::1 ", undefined],
  ["fe80::1%eth0", undefined],
  ["", undefined],
])("%j reads as %s, as the library has it", (text, value) => {
  expect(parseHexGroups(text)).toBe(value);
  expect(byLibrary(text)).toBe(value);
});

it("any text that it reads, the library reads the same", () => {
  const group = fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), maxLength: 5 });
  const text = fc.oneof(
    fc.array(group, { maxLength: 10 }).map((groups) => groups.join(":")),
    fc
      .tuple(fc.array(group, { maxLength: 5 }), fc.array(group, { maxLength: 5 }))
      .map(([head, tail]) => `${head.join(":")}::${tail.join(":")}`),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom(..."01f:./% ") }),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(
    fc.property(text, (given) => {
      expect([undefined, byLibrary(given)]).toContain(parseHexGroups(given));
    }),
    { numRuns: 2000 },
  );
});

it("any address is written as the library writes it, and read back", () => {
  const holed = fc
    .array(fc.constantFrom("0", "0", "1", "a00", "ffff"), { minLength: 8, maxLength: 8 })
    .map((groups) => new Address6(groups.join(":")).bigInt());
  fc.assert(
    fc.property(fc.oneof(holed, fc.bigInt(0n, MAX)), (value) => {
      const text = Address6.fromBigInt(value).correctForm();

      expect(formatHexGroups(value)).toBe(text);
      expect(parseHexGroups(text)).toBe(value);
    }),
    { numRuns: 2000 },
  );
});
