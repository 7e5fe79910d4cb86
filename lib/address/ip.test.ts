import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { compareIps, type Family, formatIp, isSameIp, parseIp } from "./ip.ts";

describe("an address", () => {
  it.each([
    ["192.0.2.1", "IPv4", "192.0.2.1"],
    ["0.0.0.0", "IPv4", "0.0.0.0"],
    ["255.255.255.255", "IPv4", "255.255.255.255"],
    ["2001:DB8::0001", "IPv6", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "IPv6", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "IPv6", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::192.0.2.1", "IPv6", "2001:db8::c000:201"],
    ["::", "IPv6", "::"],
    ["::ffff:192.0.2.1", "IPv4", "192.0.2.1"],
    ["::FFFF:c000:201", "IPv4", "192.0.2.1"],
    ["::192.0.2.1", "IPv6", "::c000:201"],
    ["0000:0000:0000:0000:0000:ffff:192.168.100.200", "IPv4", "192.168.100.200"],
  ])("written %s is %s %s", (text, family, canonical) => {
    const ip = parseIp(text);

    expect(ip.family).toBe(family);
    expect(formatIp(ip)).toBe(canonical);
  });

  it.each([
    ["IPv4", -1n],
    ["IPv4", 1n << 32n],
    ["IPv6", -1n],
    ["IPv6", 1n << 128n],
  ] as const)(
    "of %s is never %d: that is no text, but a mistake of the caller",
    (family, value) => {
      expect(() => formatIp({ family, value })).toThrow(RangeError);
    },
  );

  it("is sorted before those of greater value, and IPv4 before IPv6", () => {
    const texts = ["192.0.2.1", "192.0.2.1", "192.0.2.10", "::1", "2001:db8::", "2001:db8::1"];
    const ips = texts.map(parseIp);

    expect(ips.toReversed().sort(compareIps)).toEqual(ips);
  });

  it("is the same as another of the same family and value", () => {
    expect(isSameIp(parseIp("::ffff:192.0.2.1"), parseIp("192.0.2.1"))).toBe(true);
    expect(isSameIp(parseIp("::c000:201"), parseIp("192.0.2.1"))).toBe(false);
    expect(isSameIp(parseIp("192.0.2.1"), parseIp("192.0.2.2"))).toBe(false);
  });
});

describe("text that is no address", () => {
  it.each([
    "",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.01",
    "192.0.2.1.5",
    "0x7f.0.0.1",
    "1e2.0.2.1",
    "3221225985",
    " 192.0.2.1",
    "192.0.2.1\n",
    "192.0.2.1/32",
    "2001:db8::/32",
    "[2001:db8::1]",
    "2001:db8::1:",
    "2001:db8:::1",
    "2001:db8::1::2",
    "2001:db8::g",
    "12345::",
    "1:2:3:4:5:6:7:8:9",
    "fe80::1%eth0",
    "::ffff:192.0.2.999",
    "१९२.0.2.1",
  ])("such as %j is refused", (text) => {
    expect(() => parseIp(text)).toThrow(
      new MalformedError(`address "${text}"`, "it is neither IPv4 nor IPv6"),
    );
  });

  it("is cut short in the message when it is longer than any address", () => {
    expect(() => parseIp("1".repeat(100_000))).toThrow(
      new MalformedError(`address "${"1".repeat(45)}…"`, "it is neither IPv4 nor IPv6"),
    );
  });
});

describe("any", () => {
  const bits = { IPv4: 32n, IPv6: 128n };
  const address = fc
    .constantFrom<Family>("IPv4", "IPv6")
    .chain((family) =>
      fc.bigInt({ min: 0n, max: (1n << bits[family]) - 1n }).map((value) => ({ family, value })),
    )
    .filter(({ family, value }) => family === "IPv4" || value >> 32n !== 0xffffn);

  it("address is read back from its text", () => {
    fc.assert(
      fc.property(address, (ip) => {
        expect(parseIp(formatIp(ip))).toEqual(ip);
      }),
    );
  });

  it("text gives an address or a MalformedError", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdef:./%- ") }),
      fc.ipV4Extended(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          const ip = parseIp(given);
          expect(parseIp(formatIp(ip))).toEqual(ip);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
