import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { formatRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { addressEventFrom } from "./netlink-addresses.ts";
import { almost, attribute, cutsOf, little, message, viewOf } from "./testing/netlink-bytes.ts";

const NEW = 20;
const DELETED = 21;
const INET = 2;
const INET6 = 10;

/** 192.0.2.1/24 on link 3, as Linux 6.18 dumps it. */
const IPV4 =
  "500000001400020000000000d9160000021880000300000008000100c000020108000200c0000201" +
  "090003006574683000000000080008008000000014000600ffffffffffffffff715f2500715f2500";

/** 198.51.100.1 with the peer 198.51.100.2/32. */
const IPV4_WITH_PEER =
  "500000001400020000000000d9160000022080000300000008000100c633640208000200c6336401" +
  "090003006574683000000000080008008000000014000600ffffffffffffffff715f2500715f2500";

/** 2001:db8::1/64, which is still being asked for. */
const IPV6_TENTATIVE =
  "480000001400020000000000d91600000a40c000030000001400010020010db8000000000000000000000001" +
  "14000600ffffffffffffffff715f2500715f250008000800c0000000";

/** 2001:db8:1::1 with the peer 2001:db8:1::2/128. */
const IPV6_WITH_PEER =
  "5c0000001400020000000000d91600000a808200030000001400010020010db8000100000000000000000002" +
  "1400020020010db800010000000000000000000114000600ffffffffffffffff715f2500715f2500" +
  "0800080082000000";

function shown(hex: string) {
  const event = addressEventFrom(viewOf(hex));
  return (
    event && {
      kind: event.kind,
      ...event.address,
      ip: formatIp(event.address.ip),
      subnet: formatRange(event.address.subnet),
    }
  );
}

function addressMessage(type: number, fixed: string, ...attributes: readonly string[]): string {
  return message(type, `${fixed}00${little(3, 4)}${attributes.join("")}`);
}

test.for([
  { what: "an IPv4 address", hex: IPV4, ip: "192.0.2.1", subnet: "192.0.2.0/24", isUsable: true },
  {
    what: "an IPv4 address of a point-to-point link",
    hex: IPV4_WITH_PEER,
    ip: "198.51.100.1",
    subnet: "198.51.100.2/32",
    isUsable: true,
  },
  {
    what: "an IPv6 address that is still being asked for",
    hex: IPV6_TENTATIVE,
    ip: "2001:db8::1",
    subnet: "2001:db8::/64",
    isUsable: false,
  },
  {
    what: "an IPv6 address of a point-to-point link",
    hex: IPV6_WITH_PEER,
    ip: "2001:db8:1::1",
    subnet: "2001:db8:1::2/128",
    isUsable: true,
  },
])("reads $what", ({ hex, ip, subnet, isUsable }) => {
  expect(shown(hex)).toEqual({ kind: "address", index: 3, ip, subnet, isUsable });
});

test("reads that an address is gone", () => {
  expect(shown(IPV4.replace(/^500000001400/, "500000001500"))?.kind).toBe("unaddress");
});

test.for([
  { what: "permanent", flags: 0x80, isUsable: true },
  { what: "tentative", flags: 0x40, isUsable: false },
  { what: "tentative and optimistic", flags: 0x44, isUsable: true },
  { what: "another host's", flags: 0x08, isUsable: false },
  { what: "another host's, which was found while optimistic", flags: 0x4c, isUsable: false },
  { what: "deprecated", flags: 0x20, isUsable: true },
])("reads from its flags whether an address is usable that is $what", ({ flags, isUsable }) => {
  const address = attribute(1, "fe800000000000000000000000000001");
  const narrow = addressMessage(NEW, `0a40${little(flags, 1)}`, address);
  const wide = addressMessage(NEW, "0a4000", address, attribute(8, little(flags, 4)));
  expect(shown(narrow)?.isUsable).toBe(isUsable);
  expect(shown(wide)?.isUsable).toBe(isUsable);
});

test("passes over other families and messages without an address", () => {
  expect(shown(addressMessage(NEW, "011800", attribute(1, "c0000201")))).toBeUndefined();
  expect(shown(addressMessage(DELETED, "021800"))).toBeUndefined();
});

test.for([
  {
    what: "an address without its fixed part",
    hex: message(NEW, ""),
    why: "message needs 24 bytes, and has 16",
  },
  {
    what: "an IPv4 prefix length over 32",
    hex: addressMessage(NEW, `${little(INET, 1)}2100`, attribute(1, "c0000201")),
    why: "prefix length is 33, and IPv4 ends at 32",
  },
  {
    what: "an IPv6 prefix length over 128",
    hex: addressMessage(NEW, `${little(INET6, 1)}8100`, attribute(1, "00".repeat(16))),
    why: "prefix length is 129, and IPv6 ends at 128",
  },
  {
    what: "an IPv4 address of 16 bytes",
    hex: addressMessage(NEW, "021800", attribute(1, "00".repeat(16))),
    why: "address has 16 bytes, not 4",
  },
  {
    what: "flags of two bytes",
    hex: addressMessage(NEW, "021800", attribute(1, "c0000201"), attribute(8, "8000")),
    why: "flags has 2 bytes, not 4",
  },
])("refuses $what", ({ hex, why }) => {
  expect(() => addressEventFrom(viewOf(hex))).toThrow(new MalformedError("netlink datagram", why));
});

test("refuses every message that is cut within a field", () => {
  for (const cut of cutsOf(IPV6_TENTATIVE, 24)) {
    expect(() => addressEventFrom(cut)).toThrow(MalformedError);
  }
});

test.for([IPV4, IPV6_WITH_PEER])(
  "makes an event of any message, or says what is wrong with it",
  (hex) => {
    fc.assert(
      fc.property(almost(hex), (bytes) => {
        try {
          const event = addressEventFrom(new DataView(bytes.buffer));
          expect([undefined, "address", "unaddress"]).toContain(event?.kind);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 1_000 },
    );
  },
);
