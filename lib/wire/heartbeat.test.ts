import { createHmac, timingSafeEqual } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { blockAround, type IpRange, parseRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import {
  formatHeartbeat,
  type Heartbeat,
  MAX_HEARTBEAT_LENGTH,
  parseHeartbeat,
} from "./heartbeat.ts";
import { macFromBytes } from "./mac.ts";

const HEARTBEAT: Heartbeat = {
  sender: "n1",
  incarnation: 0x0000_019a_b1c2_d3e4n,
  sequence: 7,
  leaving: true,
  macs: ["02:00:00:00:00:11", "02:00:00:00:00:12"],
  subnets: [parseRange("192.0.2.0/24"), parseRange("2001:db8:77::/48")],
};
const FIELDS =
  "48524c44" +
  "02" +
  "01" +
  "0000019ab1c2d3e4" +
  "00000007" +
  "02" +
  "6e31" +
  "02" +
  "020000000011" +
  "020000000012" +
  "02" +
  "0418c0000200" +
  "063020010db8007700000000000000000000";

const SUBNET = parseRange("2001:db8:77::/48");
const NO_CIDR = parseRange("192.0.2.1-192.0.2.9");

const KEY = new Uint8Array(32).fill(0x5a);
const tag = (bytes: Uint8Array, key = KEY) =>
  Uint8Array.from(createHmac("sha256", key).update(bytes).digest());
const isAuthentic = (bytes: Uint8Array, received: Uint8Array) =>
  timingSafeEqual(tag(bytes), received);
const GOLDEN = sealed(FIELDS);

const subnets = fc.oneof(
  fc
    .tuple(fc.bigInt(0n, 0xffff_ffffn), fc.nat(32))
    .map(([value, length]) => blockAround({ family: "IPv4", value }, length)),
  fc
    .tuple(fc.bigInt(0n, (1n << 128n) - 1n), fc.nat(128))
    .map(([value, length]) => blockAround({ family: "IPv6", value }, length)),
);

const heartbeats = fc.record({
  sender: fc.stringMatching(/^[a-z0-9.-]{1,253}$/),
  incarnation: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
  sequence: fc.nat(0xffff_ffff),
  leaving: fc.boolean(),
  macs: fc.array(fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes), {
    maxLength: 64,
  }),
  subnets: fc.array(subnets, { maxLength: 28 }),
});

/** The fields with the tag that belongs to them, whatever they say. */
function sealed(hex: string): Uint8Array {
  const fields = fromHex(hex);
  return Uint8Array.of(...fields, ...tag(fields));
}

test("writes the fields in the order of the wire, and the tag over all of them", () => {
  expect(formatHeartbeat(HEARTBEAT, tag)).toEqual(GOLDEN);
  expect(toHex(GOLDEN.subarray(-32))).toBe(
    "deecbb91a17ac7fcabdcdb5e15bf50837a06d848b614f086b4c75dd56e941002",
  );
});

test("reads the same bytes back", () => {
  expect(parseHeartbeat(GOLDEN, isAuthentic)).toEqual(HEARTBEAT);
});

test.for([
  {
    what: "another's packet",
    hex: FIELDS.replace("48524c44", "0100000c"),
    why: "magic is another's",
  },
  {
    what: "an earlier version",
    hex: FIELDS.replace("48524c4402", "48524c4401"),
    why: "version is 1, not 2",
  },
  {
    what: "an unknown flag",
    hex: FIELDS.replace("48524c440201", "48524c440202"),
    why: "flags are 2, and only 0 and 1 have a meaning",
  },
  {
    what: "no name",
    hex: FIELDS.replace("026e3102", "0002"),
    why: "name of 0 bytes is not a node's",
  },
  {
    what: "a name with a line break",
    hex: FIELDS.replace("026e31", "026e0a"),
    why: "name of 2 bytes is not a node's",
  },
  {
    what: "a name that ends behind the packet",
    hex: FIELDS.replace("026e31", "ff6e31"),
    why: "name needs 255 bytes at offset 19, 72 remain",
  },
  {
    what: "too many links",
    hex: FIELDS.replace("6e3102", "6e3141"),
    why: "link count is 65, over 64",
  },
  {
    what: "another family's subnet",
    hex: FIELDS.replace("0418c0", "0518c0"),
    why: "subnet family is 5, neither 4 nor 6",
  },
  {
    what: "a prefix that IPv4 does not have",
    hex: FIELDS.replace("0418c0", "0421c0"),
    why: "prefix length is 33, over 32",
  },
  {
    what: "a prefix that IPv6 does not have",
    hex: FIELDS.replace("063020", "068120"),
    why: "prefix length is 129, over 128",
  },
  {
    what: "an address where the network should be",
    hex: FIELDS.replace("c0000200", "c0000201"),
    why: "network address has bits behind its prefix of 24",
  },
  {
    what: "too many subnets",
    hex: FIELDS.replace("020418", "1d0418"),
    why: "subnet count is 29, over 28",
  },
  {
    what: "more subnets than it says",
    hex: FIELDS.replace("020418", "010418"),
    why: "50 bytes remain where the tag has 32",
  },
  {
    what: "bytes behind the subnets",
    hex: `${FIELDS}00`,
    why: "33 bytes remain where the tag has 32",
  },
  { what: "a packet without end", hex: FIELDS + "00".repeat(1_104), why: "it has 1195 bytes" },
])("refuses $what, even with a right tag", ({ hex, why }) => {
  expect(() => parseHeartbeat(sealed(hex), isAuthentic)).toThrow(
    new MalformedError("heartbeat", why),
  );
});

test("refuses a heartbeat of another key", () => {
  const foreign = formatHeartbeat(HEARTBEAT, (bytes) => tag(bytes, new Uint8Array(32)));
  expect(() => parseHeartbeat(foreign, isAuthentic)).toThrow(
    new MalformedError("heartbeat", "tag is not of our key"),
  );
});

test("refuses a heartbeat with any single bit turned", () => {
  for (let bit = 0; bit < GOLDEN.length * 8; bit++) {
    const turned = Uint8Array.from(GOLDEN);
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => parseHeartbeat(turned, isAuthentic)).toThrow(MalformedError);
  }
});

test("refuses every heartbeat that is cut short", () => {
  for (let length = 0; length < GOLDEN.length; length++) {
    expect(() => parseHeartbeat(GOLDEN.subarray(0, length), isAuthentic)).toThrow(MalformedError);
  }
});

test.for([
  { what: "an empty name", heartbeat: { ...HEARTBEAT, sender: "" } },
  { what: "a name of 254 bytes", heartbeat: { ...HEARTBEAT, sender: "n".repeat(254) } },
  { what: "a name outside ASCII", heartbeat: { ...HEARTBEAT, sender: "knöten" } },
  { what: "65 links", heartbeat: { ...HEARTBEAT, macs: Array(65).fill("02:00:00:00:00:11") } },
  { what: "29 subnets", heartbeat: { ...HEARTBEAT, subnets: Array(29).fill(SUBNET) } },
  { what: "a subnet that is no CIDR", heartbeat: { ...HEARTBEAT, subnets: [NO_CIDR] } },
])("does not write $what", ({ heartbeat }) => {
  expect(() => formatHeartbeat(heartbeat, tag)).toThrow(RangeError);
});

test("makes a heartbeat of any authentic bytes, or says what is wrong with them", () => {
  const start = fc.constantFrom(
    "",
    "48524c4402",
    `48524c440200${"00".repeat(12)}`,
    `48524c440200${"00".repeat(12)}026e3100`,
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: MAX_HEARTBEAT_LENGTH }), (hex, rest) => {
      const bytes = sealed(hex + toHex(rest));
      try {
        expect(formatHeartbeat(parseHeartbeat(bytes, isAuthentic), tag)).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
  );
});

test("reads the longest heartbeat, which fits into one frame everywhere", () => {
  const macs = Array<string>(64).fill("02:00:00:00:00:11");
  const most = Array<IpRange>(28).fill(SUBNET);
  const longest = { ...HEARTBEAT, sender: "n".repeat(253), macs, subnets: most };
  const bytes = formatHeartbeat(longest, tag);
  expect(bytes).toHaveLength(MAX_HEARTBEAT_LENGTH);
  expect(MAX_HEARTBEAT_LENGTH).toBeLessThanOrEqual(1_200);
  expect(parseHeartbeat(bytes, isAuthentic)).toEqual(longest);
});

test("reads every heartbeat that it writes", () => {
  fc.assert(
    fc.property(heartbeats, (heartbeat) => {
      const bytes = formatHeartbeat(heartbeat, tag);
      expect(bytes.length).toBeLessThanOrEqual(MAX_HEARTBEAT_LENGTH);
      expect(parseHeartbeat(bytes, isAuthentic)).toEqual(heartbeat);
    }),
  );
});
