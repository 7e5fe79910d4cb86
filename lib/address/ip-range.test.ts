import fc from "fast-check";
import { Address6 } from "ip-address";
import { Netmask } from "netmask";
import { describe, expect, it } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { type Family, parseIp } from "./ip.ts";
import {
  blockAround,
  formatRange,
  type IpRange,
  overlapOf,
  parseRange,
  prefixLengthOf,
  sizeOf,
} from "./ip-range.ts";

function ipv4Block(text: string): IpRange {
  const { netLong, size } = new Netmask(text);
  return { family: "IPv4", first: BigInt(netLong), last: BigInt(netLong + size - 1) };
}

function ipv6Block(text: string): IpRange {
  const block = new Address6(text);
  const [first, last] = [block.startAddress(), block.endAddress()].map((ip) => ip.bigInt());
  return { family: "IPv6", first: first ?? 0n, last: last ?? 0n };
}

describe("a range", () => {
  it.each([
    ["192.0.2.0/24", "192.0.2.0/24", 256n],
    ["198.51.100.10/24", "198.51.100.0/24", 256n],
    ["192.0.2.1/32", "192.0.2.1/32", 1n],
    ["192.0.2.1/0", "0.0.0.0/0", 1n << 32n],
    [" 192.0.2.0/30 ", "192.0.2.0/30", 4n],
    ["192.0.2.1-192.0.2.5", "192.0.2.1-192.0.2.5", 5n],
    ["192.0.2.1 - 192.0.2.1", "192.0.2.1/32", 1n],
    ["192.0.2.0-192.0.2.255", "192.0.2.0/24", 256n],
    ["255.255.255.254-255.255.255.255", "255.255.255.254/31", 2n],
    ["::ffff:192.0.2.1-192.0.2.2", "192.0.2.1-192.0.2.2", 2n],
    ["2001:db8::5/64", "2001:db8::/64", 1n << 64n],
    ["2001:DB8::1-2001:db8::ffff", "2001:db8::1-2001:db8::ffff", 0xffffn],
    ["2001:db8::1/128", "2001:db8::1/128", 1n],
  ])("written %j is %s, of %d addresses", (text, canonical, size) => {
    const range = parseRange(text);

    expect(formatRange(range)).toBe(canonical);
    expect(sizeOf(range)).toBe(size);
  });
});

describe("the block around an address", () => {
  it.each([
    ["192.0.2.77", 24, "192.0.2.0/24"],
    ["192.0.2.77", 0, "0.0.0.0/0"],
    ["2001:db8::77", 64, "2001:db8::/64"],
    ["2001:db8::77", 128, "2001:db8::77/128"],
  ])("%s with a prefix of %d bits is %s", (ip, length, text) => {
    const block = blockAround(parseIp(ip), length);

    expect(block).toEqual(parseRange(text));
    expect(prefixLengthOf(block)).toBe(length);
  });

  it.each([33, 64, -1, 8.5])("has no prefix of %d bits in IPv4", (length) => {
    expect(() => blockAround(parseIp("192.0.2.77"), length)).toThrow(RangeError);
  });

  it("has a prefix length, and another range has none", () => {
    expect(prefixLengthOf(parseRange("192.0.2.1-192.0.2.2"))).toBeUndefined();
  });
});

describe("text that is no range", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1 has no prefix length: write 192.0.2.1/32"],
    ["2001:db8::1", "2001:db8::1 has no prefix length: write 2001:db8::1/128"],
    [
      "192.0.2.9-192.0.2.1",
      "range 192.0.2.9-192.0.2.1 ends before it begins: swap the two addresses",
    ],
    [
      "192.0.2.0/33",
      "192.0.2.0/33 has a prefix length of 33, and IPv4 ends at 32: write at most /32",
    ],
    [
      "2001:db8::/129",
      "2001:db8::/129 has a prefix length of 129, and IPv6 ends at 128: write at most /128",
    ],
    [
      "192.0.2.1-2001:db8::1",
      "range 192.0.2.1-2001:db8::1 begins with IPv4 and ends with IPv6: write one range for each family",
    ],
    ["192.0.2.0/", '"192.0.2.0/" has no number after the slash: write one of 0 to 32'],
    ["192.0.2.0/+8", '"192.0.2.0/+8" has no number after the slash: write one of 0 to 32'],
    [
      "192.0.2.0/255.255.255.0",
      '"192.0.2.0/255.255.255.0" has no number after the slash: write one of 0 to 32',
    ],
    [
      "192.0.2.1-192.0.2.2-192.0.2.3",
      '"192.0.2.2-192.0.2.3" is not an address: write a CIDR such as 192.0.2.0/24, or two addresses with "-" between',
    ],
    [
      "192.0.2.0/24-192.0.3.0/24",
      '"192.0.2.0/24" is not an address: write a CIDR such as 192.0.2.0/24, or two addresses with "-" between',
    ],
    [
      "10.0.0.0.0/8",
      '"10.0.0.0.0" is not an address: write a CIDR such as 192.0.2.0/24, or two addresses with "-" between',
    ],
    [
      "10/8",
      '"10" is not an address: write a CIDR such as 192.0.2.0/24, or two addresses with "-" between',
    ],
    ["::ffff:192.0.2.0/120", "::ffff:192.0.2.0/120 is IPv4 written as IPv6: write 192.0.2.0/24"],
    ["::/0", '"::/0" takes in ::ffff:0:0/96, which is IPv4: leave that part out'],
    ["::1-::1:0:0:0", '"::1-::1:0:0:0" takes in ::ffff:0:0/96, which is IPv4: leave that part out'],
  ])("such as %j is refused with the mend", (text, why) => {
    expect(() => parseRange(text)).toThrow(new MalformedError("addresses", why));
  });
});

describe("two ranges", () => {
  it.each([
    ["192.0.2.0/24", "192.0.2.128/25", "192.0.2.128/25"],
    ["192.0.2.0-192.0.2.9", "192.0.2.9-192.0.2.12", "192.0.2.9/32"],
    ["192.0.2.0/25", "192.0.2.128/25", undefined],
    ["192.0.2.0/24", "::c000:200/120", undefined],
  ])("%s and %s have %s in common", (one, other, common) => {
    const overlap = overlapOf(parseRange(one), parseRange(other));

    expect(overlap && formatRange(overlap)).toBe(common);
    expect(overlapOf(parseRange(other), parseRange(one))).toEqual(overlap);
  });
});

describe("any", () => {
  const max = { IPv4: (1n << 32n) - 1n, IPv6: (1n << 128n) - 1n };
  const range: fc.Arbitrary<IpRange> = fc
    .constantFrom<Family>("IPv4", "IPv6")
    .chain((family) =>
      fc
        .tuple(fc.bigInt(0n, max[family]), fc.bigInt(0n, max[family]))
        .map(([a, b]) => (a <= b ? { family, first: a, last: b } : { family, first: b, last: a })),
    )
    .filter(({ family, first }) => family === "IPv4" || first > 0xffff_ffff_ffffn);

  it("range is read back from its text", () => {
    fc.assert(
      fc.property(range, (given) => {
        expect(parseRange(formatRange(given))).toEqual(given);
      }),
    );
  });

  it("CIDR is the block that the libraries make of it", () => {
    const ipv4 = fc.tuple(fc.ipV4(), fc.nat(32)).map((parts) => parts.join("/"));
    const ipv6 = fc
      .tuple(fc.ipV6(), fc.nat(128))
      .map((parts) => parts.join("/"))
      .filter((text) => overlapOf(ipv6Block(text), ipv6Block("::ffff:0:0/96")) === undefined);
    fc.assert(
      fc.property(ipv4, ipv6, (text4, text6) => {
        expect(parseRange(text4)).toEqual(ipv4Block(text4));
        expect(parseRange(text6)).toEqual(ipv6Block(text6));
      }),
      { numRuns: 500 },
    );
  });

  it("text gives a range or a MalformedError", () => {
    const part = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(..."0123456789abf:./- ") }),
      fc.ipV4(),
      fc.ipV6(),
    );
    const text = fc
      .tuple(part, fc.constantFrom("-", "/", " - ", ""), fc.oneof(part, fc.nat(200).map(String)))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (given) => {
        try {
          const read = parseRange(given);
          expect(read.first <= read.last).toBe(true);
          expect(parseRange(formatRange(read))).toEqual(read);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
