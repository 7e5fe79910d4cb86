import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRange, type IpRange, parseRange } from "./ip-range.ts";
import { RangeSet } from "./range-set.ts";

const ALL = "0.0.0.0-255.255.255.255";

describe("a set of ranges", () => {
  it.each([
    ["192.0.2.0/24", [], [], ["192.0.2.0/24"]],
    ["192.0.2.0/24", ["198.51.100.0/24"], [], ["192.0.2.0/24"]],
    ["192.0.2.0/24", ["::c000:200/120"], [], ["192.0.2.0/24"]],
    ["192.0.2.0/24", ["192.0.2.0/24"], ["192.0.2.0/24"], []],
    ["192.0.2.0/24", [ALL], ["192.0.2.0/24"], []],
    ["192.0.2.0/24", ["192.0.2.0/32"], ["192.0.2.0/32"], ["192.0.2.1-192.0.2.255"]],
    ["192.0.2.0/24", ["192.0.2.255/32"], ["192.0.2.255/32"], ["192.0.2.0-192.0.2.254"]],
    [
      "192.0.2.0/24",
      ["192.0.2.64-192.0.2.200", "192.0.2.10/32", "192.0.2.100/32", "192.0.1.0-192.0.2.1"],
      ["192.0.2.0/31", "192.0.2.10/32", "192.0.2.64-192.0.2.200"],
      ["192.0.2.2-192.0.2.9", "192.0.2.11-192.0.2.63", "192.0.2.201-192.0.2.255"],
    ],
    [
      "192.0.2.0/24",
      ["192.0.2.20/32", "192.0.2.21/32", "192.0.2.22-192.0.2.29"],
      ["192.0.2.20-192.0.2.29"],
      ["192.0.2.0-192.0.2.19", "192.0.2.30-192.0.2.255"],
    ],
    [
      ALL,
      ["0.0.0.0/32", "255.255.255.255/32"],
      ["0.0.0.0/32", "255.255.255.255/32"],
      ["0.0.0.1-255.255.255.254"],
    ],
    [
      "2001:db8::/64",
      ["2001:db8::1/128"],
      ["2001:db8::1/128"],
      ["2001:db8::/128", "2001:db8::2-2001:db8::ffff:ffff:ffff:ffff"],
    ],
  ])("divides %s by %j into %j and %j", (text, members, within, without) => {
    const range = parseRange(text);
    const set = new RangeSet(members.map(parseRange));

    expect(set.within(range).map(formatRange)).toEqual(within);
    expect(set.without(range).map(formatRange)).toEqual(without);
  });

  it("divides any range as a look at each address does", () => {
    const small = fc
      .tuple(fc.constantFrom("IPv4" as const, "IPv6" as const), fc.nat(40), fc.nat(12))
      .map(([family, first, length]) => ({
        family,
        first: BigInt(first),
        last: BigInt(first + length),
      }));
    fc.assert(
      fc.property(fc.array(small, { maxLength: 8 }), small, (members, range) => {
        const has = (value: bigint) =>
          members.some(
            ({ family, first, last }) => family === range.family && first <= value && value <= last,
          );
        const set = new RangeSet(members);

        expect(addresses(set.within(range))).toEqual(addresses([range]).filter(has));
        expect(addresses(set.without(range))).toEqual(
          addresses([range]).filter((value) => !has(value)),
        );
      }),
    );
  });

  it("leaves gaps between its parts, so that no two could be one", () => {
    const one = fc.nat(60).map((value) => parseRange(`192.0.2.${value}/32`));
    fc.assert(
      fc.property(fc.array(one), (members) => {
        const parts = new RangeSet(members).within(parseRange("192.0.2.0/24"));

        for (const [index, { first }] of parts.entries()) {
          const before = parts[index - 1];
          expect(before === undefined || before.last + 1n < first).toBe(true);
        }
      }),
    );
  });
});

/** Each address of the ranges, in their order. */
function addresses(ranges: readonly IpRange[]): readonly bigint[] {
  return ranges.flatMap(({ first, last }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, offset) => first + BigInt(offset)),
  );
}
