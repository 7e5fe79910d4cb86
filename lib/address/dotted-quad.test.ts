import fc from "fast-check";
import { Address4 } from "ip-address";
import { expect, it } from "vitest";
import { formatDottedQuad, parseDottedQuad } from "./dotted-quad.ts";

/** What the library makes of text without prefix length. */
function byLibrary(text: string): number | undefined {
  return !text.includes("/") && Address4.isValid(text)
    ? Number(new Address4(text).bigInt())
    : undefined;
}

it.each([
  ["0.0.0.0", 0],
  ["192.0.2.1", 0xc000_0201],
  ["255.255.255.255", 0xffff_ffff],
  ["192.0.2.01", undefined],
  ["192.0.2.00", undefined],
  ["192.0.2.256", undefined],
  ["192.0.2.1000", undefined],
  ["192.0.2", undefined],
  ["192.0.2.", undefined],
  [".192.0.2.1", undefined],
  ["192..2.1", undefined],
  ["192.0.2.1.", undefined],
  ["192.0.2.1.5", undefined],
  ["-1.0.2.1", undefined],
  ["+1.0.2.1", undefined],
  ["1e1.0.2.1", undefined],
  ["0x7f.0.0.1", undefined],
  [" 192.0.2.1", undefined],
  ["192.0.2.1 ", undefined],
  ["192.0.2.1\n", undefined],
  ["192.0.2.1/32", undefined],
  ["१९२.0.2.1", undefined],
  ["192。0。2。1", undefined],
  ["...", undefined],
  ["", undefined],
])("%j reads as %j, as the library has it", (text, value) => {
  expect(parseDottedQuad(text)).toBe(value);
  expect(byLibrary(text)).toBe(value);
});

it("any text reads as the library has it", () => {
  const octet = fc.oneof(
    fc.nat(300).map(String),
    fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 4 }),
  );
  const text = fc.oneof(
    fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join(".")),
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.string({ unit: fc.constantFrom(..."0129.:/x- ") }),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(
    fc.property(text, (given) => {
      expect(parseDottedQuad(given)).toBe(byLibrary(given));
    }),
    { numRuns: 2000 },
  );
});

it("any address is written as the library writes it", () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (value) => {
      expect(formatDottedQuad(value)).toBe(Address4.fromInteger(value).correctForm());
    }),
    { numRuns: 1000 },
  );
});
