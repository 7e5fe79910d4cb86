import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIp } from "./ip.ts";
import { parseRange } from "./ip-range.ts";
import { RangeIndex } from "./range-index.ts";

const RANGES = [
  "198.51.100.0/24",
  "192.0.2.10-192.0.2.19",
  "2001:db8::/64",
  "192.0.2.20/32",
  "::c000:200/120",
];

describe("an index of ranges", () => {
  const index = new RangeIndex(RANGES.map((text) => [parseRange(text), text]));

  it.each([
    ["192.0.2.9", undefined],
    ["192.0.2.10", "192.0.2.10-192.0.2.19"],
    ["192.0.2.19", "192.0.2.10-192.0.2.19"],
    ["192.0.2.20", "192.0.2.20/32"],
    ["192.0.2.21", undefined],
    ["198.51.100.255", "198.51.100.0/24"],
    ["2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"],
    ["2001:db8:0:1::", undefined],
    ["::c000:20a", "::c000:200/120"],
  ])("finds the range of %s: %s", (ip, range) => {
    expect(index.find(parseIp(ip))).toBe(range);
  });

  it("finds what a scan of all ranges finds", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200)), fc.nat(220), (starts, value) => {
        const ranges = starts.map((start) => parseRange(`192.0.2.${start}/32`));
        const ip = { family: "IPv4", value: 0xc000_0200n + BigInt(value) } as const;

        expect(new RangeIndex(ranges.map((range) => [range, true])).find(ip) ?? false).toBe(
          ranges.some(({ first }) => first === ip.value),
        );
      }),
    );
  });
});
