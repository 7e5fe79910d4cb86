import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { parseEthernet } from "./ethernet.ts";
import { isMulticast } from "./ipv6.ts";
import { macFromBytes } from "./mac.ts";
import {
  ALL_NODES,
  ALL_ROUTERS,
  formatNdp,
  multicastMac,
  type NdpPacket,
  NdpType,
  parseNdp,
  solicitedNodeGroup,
} from "./ndp.ts";
import { seal } from "./testing/seal.ts";

const CLIENT = parseIp("2001:db8::77");
const CLIENT_MAC = "02:00:00:00:01:00";
const TARGET = parseIp("2001:db8::10");
const TARGET_MAC = "02:00:00:00:00:11";
const GROUP = parseIp("ff02::1:ff00:10");
const UNSPECIFIED = parseIp("::");

interface Golden {
  readonly name: string;
  readonly packet: NdpPacket;
  /** From the version of IPv6 on. */
  readonly hex: string;
}

const SOLICITATION: Golden = {
  name: "solicitation with both of its options, as RFC 4861 §4.3 lays it out",
  packet: {
    source: CLIENT,
    destination: GROUP,
    message: {
      type: NdpType.solicitation,
      target: TARGET,
      sourceMac: CLIENT_MAC,
      nonce: fromHex("010203040506"),
    },
  },
  hex:
    "6000000000283aff" +
    "20010db8000000000000000000000077" +
    "ff0200000000000000000001ff000010" +
    "87000381" +
    "00000000" +
    "20010db8000000000000000000000010" +
    "0101020000000100" +
    "0e01010203040506",
};

/** Captured by tcpdump from Linux 6.18 with default settings, and from `ndisc6`, on a veth pair. */
const GOLDEN: readonly Golden[] = [
  SOLICITATION,
  {
    name: "advertisement with all flags, as RFC 4861 §4.4 lays it out",
    packet: {
      source: TARGET,
      destination: CLIENT,
      message: {
        type: NdpType.advertisement,
        target: TARGET,
        targetMac: TARGET_MAC,
        isRouter: true,
        isSolicited: true,
        isOverride: true,
      },
    },
    hex:
      "6000000000203aff" +
      "20010db8000000000000000000000010" +
      "20010db8000000000000000000000077" +
      "880009d0" +
      "e0000000" +
      "20010db8000000000000000000000010" +
      "0201020000000011",
  },
  {
    name: "probe for duplicates of Linux, with its nonce",
    packet: {
      source: UNSPECIFIED,
      destination: GROUP,
      message: {
        type: NdpType.solicitation,
        target: TARGET,
        sourceMac: undefined,
        nonce: fromHex("072cb4e6358a"),
      },
    },
    hex:
      "6000000000203aff" +
      "00000000000000000000000000000000" +
      "ff0200000000000000000001ff000010" +
      "87004d2900000000" +
      "20010db8000000000000000000000010" +
      "0e01072cb4e6358a",
  },
  {
    name: "solicitation of Linux that looks for a neighbour",
    packet: {
      source: CLIENT,
      destination: GROUP,
      message: {
        type: NdpType.solicitation,
        target: TARGET,
        sourceMac: CLIENT_MAC,
        nonce: undefined,
      },
    },
    hex:
      "6000000000203aff" +
      "20010db8000000000000000000000077" +
      "ff0200000000000000000001ff000010" +
      "87001a9600000000" +
      "20010db8000000000000000000000010" +
      "0101020000000100",
  },
  {
    name: "advertisement of Linux, solicited from a group",
    packet: {
      source: TARGET,
      destination: CLIENT,
      message: {
        type: NdpType.advertisement,
        target: TARGET,
        targetMac: TARGET_MAC,
        isRouter: false,
        isSolicited: true,
        isOverride: true,
      },
    },
    hex:
      "6000000000203aff" +
      "20010db8000000000000000000000010" +
      "20010db8000000000000000000000077" +
      "880089d060000000" +
      "20010db8000000000000000000000010" +
      "0201020000000011",
  },
  {
    name: "solicitation of Linux that checks whether a neighbour is still there",
    packet: {
      source: parseIp("fe80::ff:fe00:11"),
      destination: CLIENT,
      message: {
        type: NdpType.solicitation,
        target: CLIENT,
        sourceMac: TARGET_MAC,
        nonce: undefined,
      },
    },
    hex:
      "6000000000203aff" +
      "fe80000000000000000000fffe000011" +
      "20010db8000000000000000000000077" +
      "87001ba100000000" +
      "20010db8000000000000000000000077" +
      "0101020000000011",
  },
  {
    name: "advertisement of Linux without a link-layer address, which one host alone had asked for",
    packet: {
      source: CLIENT,
      destination: parseIp("fe80::ff:fe00:11"),
      message: {
        type: NdpType.advertisement,
        target: CLIENT,
        targetMac: undefined,
        isRouter: false,
        isSolicited: true,
        isOverride: false,
      },
    },
    hex:
      "6000000000183aff" +
      "20010db8000000000000000000000077" +
      "fe80000000000000000000fffe000011" +
      "8800ddba40000000" +
      "20010db8000000000000000000000077",
  },
  {
    name: "advertisement of Linux that nobody asked for, after its link got another MAC address",
    packet: {
      source: parseIp("fe80::ff:fe00:22"),
      destination: ALL_NODES,
      message: {
        type: NdpType.advertisement,
        target: parseIp("fe80::ff:fe00:22"),
        targetMac: "02:00:00:00:00:22",
        isRouter: false,
        isSolicited: false,
        isOverride: true,
      },
    },
    hex:
      "6000000000203aff" +
      "fe80000000000000000000fffe000022" +
      "ff020000000000000000000000000001" +
      "8800593820000000" +
      "fe80000000000000000000fffe000022" +
      "0201020000000022",
  },
];

test.for(GOLDEN)("writes the $name", ({ packet, hex }) => {
  expect(toHex(formatNdp(packet))).toBe(hex);
});

test.for(GOLDEN)("reads the $name", ({ packet, hex }) => {
  expect(parseNdp(fromHex(hex))).toEqual(packet);
});

test("reads the solicitation of ndisc6, which has a flow label", () => {
  const frame = fromHex(
    "3333ff00001002000000010086dd" +
      "600f3ee900203aff" +
      "fe80000000000000000000fffe000100" +
      "ff0200000000000000000001ff000010" +
      "87004a4500000000" +
      "20010db8000000000000000000000010" +
      "0101020000000100",
  );
  const { destination, payload } = parseEthernet(frame);
  const packet = parseNdp(payload);
  expect(packet).toEqual({
    source: parseIp("fe80::ff:fe00:100"),
    destination: GROUP,
    message: {
      type: NdpType.solicitation,
      target: TARGET,
      sourceMac: CLIENT_MAC,
      nonce: undefined,
    },
  });
  expect(destination).toBe(multicastMac(packet.destination));
});

/** Offsets of an IPv6 packet. */
const AT = { payload: 40, code: 41, checksum: 42, flags: 44, target: 48, options: 64 };

/** The packet with other bytes in it, and with the length and checksum that belong to them. */
function changed(hex: string, offset: number, value: string): Uint8Array {
  const bytes = fromHex(hex);
  bytes.set(fromHex(value), offset);
  return seal(bytes);
}

function solicitationOf(changes: {
  readonly source?: string;
  readonly destination?: string;
  readonly options?: string;
}): Uint8Array {
  const { source = "2001:db8::77", destination = "ff02::1:ff00:10", options = "" } = changes;
  const message = { type: NdpType.solicitation, target: TARGET } as const;
  const packet = formatNdp({
    source: parseIp(source),
    destination: parseIp(destination),
    message: { ...message, sourceMac: undefined, nonce: undefined },
  });
  return seal(Uint8Array.of(...packet, ...fromHex(options)));
}

const SOURCE_OPTION = "0101020000000100";

describe("refuses", () => {
  test.for([
    { offset: 6, value: "00", why: "next header is 0, not 58" },
    { offset: 7, value: "fe", why: "hop limit is 254, not 255" },
    { offset: AT.payload, value: "86", why: "type is 134, not 135 or 136" },
    { offset: AT.code, value: "01", why: "code is 1, not 0" },
    { offset: AT.target, value: "ff02", why: "target is a multicast address" },
    { offset: AT.options + 1, value: "00", why: "option 1 has length 0" },
    {
      offset: AT.options + 1,
      value: "03",
      why: "option 1 needs 22 bytes at offset 26, 14 remain",
    },
    { offset: AT.options + 1, value: "02", why: "link-layer address has 14 bytes, not 6" },
    {
      offset: AT.options + 9,
      value: "ff",
      why: "option 14 needs 2038 bytes at offset 34, 6 remain",
    },
  ])("$value at offset $offset, because the $why", ({ offset, value, why }) => {
    expect(() => parseNdp(changed(SOLICITATION.hex, offset, value))).toThrow(
      new MalformedError("NDP packet", why),
    );
  });

  test.for([
    {
      what: "a probe to a single host",
      bytes: solicitationOf({ source: "::", destination: "2001:db8::10" }),
      why: "it is from :: and not to a solicited-node group",
    },
    {
      what: "a probe to all nodes",
      bytes: solicitationOf({ source: "::", destination: "ff02::1" }),
      why: "it is from :: and not to a solicited-node group",
    },
    {
      what: "a probe that names the sender",
      bytes: solicitationOf({ source: "::", options: SOURCE_OPTION }),
      why: "it is from :: and has a source link-layer address",
    },
    {
      what: "an advertisement to a group that was solicited",
      bytes: changed(GOLDEN.at(-1)?.hex ?? "", AT.flags, "60"),
      why: "it is to a group, and says that it was solicited",
    },
    {
      what: "an option without length",
      bytes: solicitationOf({ options: "01" }),
      why: "option length needs 1 bytes at offset 25, 0 remain",
    },
    {
      what: "another checksum",
      bytes: fromHex(SOLICITATION.hex.replace("87000381", "87000382")),
      why: "checksum is wrong",
    },
  ])("$what, because $why", ({ bytes, why }) => {
    expect(() => parseNdp(bytes)).toThrow(new MalformedError("NDP packet", why));
  });

  test("every packet that is cut short", () => {
    const bytes = fromHex(SOLICITATION.hex);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseNdp(bytes.subarray(0, length))).toThrow(MalformedError);
    }
  });

  test("every packet that is cut short within a field, even with its right length and checksum", () => {
    const bytes = fromHex(SOLICITATION.hex);
    for (let length = AT.payload; length < bytes.length; length++) {
      const cut = seal(bytes.subarray(0, length));
      if (length === AT.options || length === AT.options + 8) {
        expect(formatIp(parseNdp(cut).message.target)).toBe("2001:db8::10");
      } else {
        expect(() => parseNdp(cut)).toThrow(MalformedError);
      }
    }
  });
});

test.for([
  { what: "an unknown option", options: `1f02${"00".repeat(14)}${SOURCE_OPTION}` },
  { what: "an option of advertisements", options: `0202${"00".repeat(14)}${SOURCE_OPTION}` },
  { what: "a second one of the same type", options: `${SOURCE_OPTION}0102${"00".repeat(14)}` },
])("skips $what", ({ options }) => {
  expect(parseNdp(solicitationOf({ options })).message).toMatchObject({ sourceMac: CLIENT_MAC });
});

test.for([
  { source: "2001:db8::77", destination: "2001:db8::10" },
  { source: "2001:db8::77", destination: "ff02::1" },
  { source: "::", destination: "ff02::1:ff12:3456" },
])("reads a solicitation from $source to $destination", ({ source, destination }) => {
  const packet = parseNdp(solicitationOf({ source, destination }));
  expect([packet.source, packet.destination].map(formatIp)).toEqual([source, destination]);
});

test.for([0, 5, 7, 2_039])("does not write a nonce of %i bytes", (length) => {
  const { packet } = SOLICITATION;
  const message = { ...packet.message, nonce: new Uint8Array(length) };
  expect(() => formatNdp({ ...packet, message })).toThrow(RangeError);
});

test.for([
  { ip: "2001:db8::10", group: "ff02::1:ff00:10", mac: "33:33:ff:00:00:10" },
  { ip: "2001:db8::abcd:ef01:2345:6789", group: "ff02::1:ff45:6789", mac: "33:33:ff:45:67:89" },
])("has $ip asked for in $group, at $mac", ({ ip, group, mac }) => {
  expect(formatIp(solicitedNodeGroup(parseIp(ip)))).toBe(group);
  expect(multicastMac(parseIp(group))).toBe(mac);
});

test("knows where all nodes and all routers are", () => {
  expect([ALL_NODES, ALL_ROUTERS].map(multicastMac)).toEqual([
    "33:33:00:00:00:01",
    "33:33:00:00:00:02",
  ]);
});

const anyIp = fc.bigInt(0n, 2n ** 128n - 1n).map((value) => ({ family: "IPv6" as const, value }));
const hosts = anyIp.filter((ip) => !isMulticast(ip) && ip.value !== 0n);
const macs = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes);
const groups = anyIp.map(solicitedNodeGroup);
const nonces = fc
  .integer({ min: 1, max: 4 })
  .chain((units) => fc.uint8Array({ minLength: units * 8 - 2, maxLength: units * 8 - 2 }));
const perhaps = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const solicitations = fc.record({
  source: hosts,
  destination: fc.oneof(groups, hosts),
  message: fc.record({
    type: fc.constant(NdpType.solicitation),
    target: hosts,
    sourceMac: perhaps(macs),
    nonce: perhaps(nonces),
  }),
});
const probes = fc.record({
  source: fc.constant(UNSPECIFIED),
  destination: groups,
  message: fc.record({
    type: fc.constant(NdpType.solicitation),
    target: hosts,
    sourceMac: fc.constant(undefined),
    nonce: perhaps(nonces),
  }),
});
const advertisements = fc
  .tuple(hosts, hosts, hosts, perhaps(macs), fc.boolean(), fc.boolean(), fc.boolean())
  .map(
    ([source, host, target, targetMac, isRouter, isSolicited, isOverride]): NdpPacket => ({
      source,
      destination: isSolicited ? host : ALL_NODES,
      message: {
        type: NdpType.advertisement,
        target,
        targetMac,
        isRouter,
        isSolicited,
        isOverride,
      },
    }),
  );

test("makes a packet of any bytes, or says what is wrong with them", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc
      .tuple(
        fc.constantFrom(...GOLDEN.map(({ hex }) => hex)),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 3 }),
      )
      .map(([hex, rest, changes]) => {
        const packet = Uint8Array.of(...fromHex(hex), ...rest);
        for (const [at, value] of changes) {
          packet[at % packet.length] = value;
        }
        return seal(packet);
      }),
  );
  const counts = { read: 0, refused: 0 };
  fc.assert(
    fc.property(bytes, (packet) => {
      try {
        const read = parseNdp(packet);
        expect(parseNdp(formatNdp(read))).toEqual(read);
        counts.read += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
        counts.refused += 1;
      }
    }),
    { numRuns: 3_000 },
  );
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(20);
});

test("reads every packet that it writes", () => {
  fc.assert(
    fc.property(fc.oneof(solicitations, probes, advertisements), (packet) => {
      expect(parseNdp(formatNdp(packet))).toEqual(packet);
    }),
  );
});
