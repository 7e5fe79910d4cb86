import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRange, type IpRange, parseRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { exclude, parseExclusions } from "./pool-exclusions.ts";

const NOT_AN_ADDRESS =
  "is not an address: write one, a CIDR such as 192.0.2.64/28, or a range such as 192.0.2.10-192.0.2.12";

describe("exclusions", () => {
  it.each([
    ["", []],
    ["  ", []],
    ["192.0.2.1", ["192.0.2.1/32"]],
    [
      "192.0.2.1, 192.0.2.64/28, 192.0.2.10-192.0.2.12",
      ["192.0.2.1/32", "192.0.2.64/28", "192.0.2.10-192.0.2.12"],
    ],
    [" 192.0.2.1,192.0.2.10 - 192.0.2.12\n", ["192.0.2.1/32", "192.0.2.10-192.0.2.12"]],
    ["192.0.2.9/28", ["192.0.2.0/28"]],
    ["2001:DB8::1,2001:db8::/120", ["2001:db8::1/128", "2001:db8::/120"]],
    ["::ffff:192.0.2.1", ["192.0.2.1/32"]],
    ["192.0.2.1,192.0.2.1,192.0.2.0/24", ["192.0.2.1/32", "192.0.2.1/32", "192.0.2.0/24"]],
    ["0.0.0.0/0", ["0.0.0.0/0"]],
  ])("written %j are %j", (text, ranges) => {
    expect(parseExclusions(text).map(formatRange)).toEqual(ranges);
  });

  it.each([
    [",", "entry 1 is empty: write an address there, or remove the comma"],
    ["192.0.2.1,", "entry 2 is empty: write an address there, or remove the comma"],
    ["192.0.2.1,, 192.0.2.2", "entry 2 is empty: write an address there, or remove the comma"],
    ["192.0.2.300", `"192.0.2.300" ${NOT_AN_ADDRESS}`],
    ["192.0.2.1 192.0.2.2", `"192.0.2.1 192.0.2.2" ${NOT_AN_ADDRESS}`],
    ["192.0.2.1;192.0.2.2", `"192.0.2.1;192.0.2.2" ${NOT_AN_ADDRESS}`],
    ["fe80::1%eth0", `"fe80::1%eth0" ${NOT_AN_ADDRESS}`],
    ["ｎｏｄｅ", `"ｎｏｄｅ" ${NOT_AN_ADDRESS}`],
    ['["192.0.2.1"]', `"[\\"192.0.2.1\\"]" ${NOT_AN_ADDRESS}`],
    ["192.0.2.1\u0000", `"192.0.2.1\\u0000" ${NOT_AN_ADDRESS}`],
    [
      "192.0.2.9-192.0.2.1",
      "range 192.0.2.9-192.0.2.1 ends before it begins: swap the two addresses",
    ],
    [
      "192.0.2.1-2001:db8::1",
      "range 192.0.2.1-2001:db8::1 begins with IPv4 and ends with IPv6: write one range for each family",
    ],
    [
      "192.0.2.0/33",
      "192.0.2.0/33 has a prefix length of 33, and IPv4 ends at 32: write at most /32",
    ],
    ["::ffff:192.0.2.0/120", "::ffff:192.0.2.0/120 is IPv4 written as IPv6: write 192.0.2.0/24"],
    ["::/0", '"::/0" takes in ::ffff:0:0/96, which is IPv4: leave that part out'],
    ["–", `"–" ${NOT_AN_ADDRESS}`],
    [
      "-",
      '"" is not an address: write a CIDR such as 192.0.2.0/24, or two addresses with "-" between',
    ],
  ])("written %j are refused with the mend", (text, why) => {
    expect(() => parseExclusions(text)).toThrow(why);
  });

  it.each([
    ["commas", ","],
    ["digits", "1"],
    ["dashes", "-"],
    ["slashes", "/"],
    ["colons", ":"],
    ["blanks around an x", " x "],
    ["letters of two bytes", "é"],
    ["addresses without commas", "192.0.2.1"],
    ["addresses, and then an error", "192.0.2.1,"],
  ])("of a megabyte of %s are refused at once, in a sentence that can be read", (_, unit) => {
    const text = unit.repeat(1_000_000 / unit.length);

    try {
      expect.fail(String(parseExclusions(text).length));
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedError);
      expect((error as MalformedError).message.length).toBeLessThan(250);
    }
  });

  it("of a megabyte are read", () => {
    const text = Array.from(
      { length: 80_000 },
      (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    );
    const exclusions = parseExclusions(text.join(", "));

    expect(exclude([parseRange("10.0.0.0/8")], exclusions).ranges.map(formatRange)).toEqual([
      "10.1.56.128-10.255.255.255",
    ]);
  });

  it("are ranges or a MalformedError, whatever the text is", () => {
    const piece = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom(",", ", ", "-", "/", "/24", "::ffff:", "%eth0"),
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom(..."0123456789abf:./-, ") }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        try {
          for (const { first, last } of parseExclusions(pieces.join(""))) {
            expect(first <= last).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("ranges from which something is excluded", () => {
  const texts = (ranges: readonly IpRange[] = []) => ranges.map(formatRange);

  it("keep their listed order, each split in its place", () => {
    const listed = ["192.0.2.128/25", "2001:db8::/124", "192.0.2.0-192.0.2.9"].map(parseRange);
    const { excluded, idleExclusions, ranges } = exclude(
      listed,
      parseExclusions("192.0.2.5, 192.0.2.200, 2001:db8::-2001:db8::7, 203.0.113.0/24, ::1"),
    );

    expect(texts(ranges)).toEqual([
      "192.0.2.128-192.0.2.199",
      "192.0.2.201-192.0.2.255",
      "2001:db8::8/125",
      "192.0.2.0-192.0.2.4",
      "192.0.2.6-192.0.2.9",
    ]);
    expect(texts(excluded)).toEqual(["192.0.2.200/32", "2001:db8::/125", "192.0.2.5/32"]);
    expect(texts(idleExclusions)).toEqual(["203.0.113.0/24", "::1/128"]);
  });

  it("keep or lose each address, and an entry that takes none is idle", () => {
    const range = fc
      .tuple(fc.nat(40), fc.nat(12))
      .map(([first, length]) => parseRange(`192.0.2.${first}-192.0.2.${first + length}`));
    const has = ({ first, last }: IpRange, value: bigint) => first <= value && value <= last;
    const each = (ranges: readonly IpRange[]) =>
      ranges.flatMap(({ first, last }) =>
        Array.from({ length: Number(last - first) + 1 }, (_, offset) => first + BigInt(offset)),
      );
    fc.assert(
      fc.property(fc.array(range, { maxLength: 4 }), fc.array(range), (listed, exclusions) => {
        const isOut = (value: bigint) => exclusions.some((one) => has(one, value));
        const { excluded, idleExclusions = [], ranges } = exclude(listed, exclusions);

        expect(each(ranges)).toEqual(each(listed).filter((value) => !isOut(value)));
        expect(each(excluded)).toEqual(each(listed).filter(isOut));
        expect(idleExclusions).toEqual(
          exclusions.filter((one) => !each(listed).some((value) => has(one, value))),
        );
      }),
    );
  });
});
