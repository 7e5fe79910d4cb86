import { createHmac, timingSafeEqual } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
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
};
const FIELDS =
  "48524c44" +
  "01" +
  "01" +
  "0000019ab1c2d3e4" +
  "00000007" +
  "02" +
  "6e31" +
  "02" +
  "020000000011" +
  "020000000012";

const KEY = new Uint8Array(32).fill(0x5a);
const tag = (bytes: Uint8Array, key = KEY) =>
  Uint8Array.from(createHmac("sha256", key).update(bytes).digest());
const isAuthentic = (bytes: Uint8Array, received: Uint8Array) =>
  timingSafeEqual(tag(bytes), received);
const GOLDEN = sealed(FIELDS);

const heartbeats = fc.record({
  sender: fc.stringMatching(/^[a-z0-9.-]{1,253}$/),
  incarnation: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
  sequence: fc.nat(0xffff_ffff),
  leaving: fc.boolean(),
  macs: fc.array(fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes), {
    maxLength: 64,
  }),
});

/** The fields with the tag that belongs to them, whatever they say. */
function sealed(hex: string): Uint8Array {
  const fields = fromHex(hex);
  return Uint8Array.of(...fields, ...tag(fields));
}

test("writes the fields in the order of the wire, and the tag over all of them", () => {
  expect(formatHeartbeat(HEARTBEAT, tag)).toEqual(GOLDEN);
  expect(toHex(GOLDEN.subarray(-32))).toBe(
    "f6d217cb2c16a7f495cafef3344845076b283f7a036002c35ec0c965d415e13d",
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
    what: "a later version",
    hex: FIELDS.replace("48524c4401", "48524c4402"),
    why: "version is 2, not 1",
  },
  {
    what: "an unknown flag",
    hex: FIELDS.replace("48524c440101", "48524c440102"),
    why: "flags are 2, and only 0 and 1 have a meaning",
  },
  {
    what: "no name",
    hex: FIELDS.replace("026e31", "00"),
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
    why: "name needs 255 bytes at offset 19, 47 remain",
  },
  {
    what: "too many links",
    hex: FIELDS.replace("6e3102", "6e3141"),
    why: "link count is 65, over 64",
  },
  {
    what: "fewer links than it says",
    hex: FIELDS.replace("6e3102", "6e3104"),
    why: "20 bytes remain where the tag has 32",
  },
  {
    what: "bytes behind the links",
    hex: `${FIELDS}00`,
    why: "33 bytes remain where the tag has 32",
  },
  { what: "a packet without end", hex: FIELDS + "00".repeat(624), why: "it has 690 bytes" },
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
])("does not write $what", ({ heartbeat }) => {
  expect(() => formatHeartbeat(heartbeat, tag)).toThrow(RangeError);
});

test("makes a heartbeat of any authentic bytes, or says what is wrong with them", () => {
  const start = fc.constantFrom("", "48524c4401", `48524c440100${"00".repeat(12)}`);
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
  const longest = { ...HEARTBEAT, sender: "n".repeat(253), macs };
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
