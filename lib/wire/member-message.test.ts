import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { blockAround, parseRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import type { Claim } from "#lib/membership/claim.ts";
import { type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { BUCKETS, Finding, type Message } from "#lib/membership/message.ts";
import { macFromBytes } from "./mac.ts";
import { packBodies, parseBody } from "./member-message.ts";
import { MAX_BODY_LENGTH } from "./sealed-packet.ts";

const MEMBER: MemberRecord = {
  node: "n1",
  incarnation: 7,
  state: MemberState.restarting,
  info: {
    macs: ["02:00:00:00:00:11"],
    subnets: [parseRange("192.0.2.0/24"), parseRange("2001:db8:77::/48")],
    isDraining: true,
    isImpaired: false,
  },
};
const LONGEST_NAME = "n".repeat(253);
const LONGEST: MemberRecord = {
  ...MEMBER,
  node: LONGEST_NAME,
  info: {
    ...MEMBER.info,
    macs: Array<string>(64).fill("02:00:00:00:00:11"),
    subnets: Array(28).fill(parseRange("2001:db8:77::/48")),
  },
};
const CLAIM: Claim = { group: "192.0.2.10", epoch: 2, owner: "n2" };
const CLAIM_OF_NOBODY: Claim = { group: "2001:db8::a", epoch: 1, owner: undefined };
const HEARTBEAT_HEX = "01" + "0009" + "00000007" + "02" + "cafe0123";
const HEARTBEAT: Message = {
  kind: "heartbeat",
  incarnation: 7,
  isDeaf: false,
  hearsYou: true,
  hash: 0xcafe_0123,
};
const RECORDS_HEX =
  "02" +
  "026e31" +
  "026e32" +
  "01" +
  "01" +
  "00000007" +
  "05" +
  "01" +
  "020000000011" +
  "02" +
  "18c0000200" +
  "7020010db8007700000000000000000000" +
  "04c000020a" +
  "00000002" +
  "02" +
  "0620010db800000000000000000000000a" +
  "00000001" +
  "00";
const BUCKET_NUMBERS = Array.from({ length: BUCKETS }, (_, index) => index * 0x0101_0101);

const GOLDEN: readonly { readonly message: Message; readonly hex: string }[] = [
  { message: HEARTBEAT, hex: HEARTBEAT_HEX },
  {
    message: {
      kind: "heartbeat",
      incarnation: 0xffff_ffff,
      isDeaf: true,
      hearsYou: false,
      hash: 0,
    },
    hex: "01" + "0009" + "ffffffff" + "01" + "00000000",
  },
  {
    message: { kind: "vote", subject: "n2", incarnation: 3, finding: Finding.speakerDown },
    hex: "02" + "0007" + "00000003" + "01" + "6e32",
  },
  {
    message: { kind: "heard", subject: "n2", incarnation: 3 },
    hex: "03" + "0006" + "00000003" + "6e32",
  },
  {
    message: { kind: "records", members: [MEMBER], claims: [CLAIM, CLAIM_OF_NOBODY] },
    hex: `04004c${RECORDS_HEX}`,
  },
  {
    message: {
      kind: "digest",
      buckets: Uint32Array.from(BUCKET_NUMBERS),
      isAnswer: true,
    },
    hex:
      "05" +
      "0101" +
      "01" +
      BUCKET_NUMBERS.map((bucket) => bucket.toString(16).padStart(8, "0")).join(""),
  },
  {
    message: { kind: "offer", claims: [CLAIM] },
    hex: "06" + "000e" + "01" + "026e32" + "04c000020a" + "00000002" + "01",
  },
  {
    message: { kind: "refusal", groups: ["192.0.2.10", "2001:db8::a"] },
    hex: "07" + "0016" + "04c000020a" + "0620010db800000000000000000000000a",
  },
];

const u32s = fc.nat(0xffff_ffff);
const counters = fc.integer({ min: 1, max: 0xffff_ffff });
const names = fc.stringMatching(/^[a-z0-9.-]{1,253}$/);
const ips = fc.oneof(
  fc.bigInt(0n, 0xffff_ffffn).map((value) => ({ family: "IPv4", value }) as const),
  fc
    .bigInt(0n, (1n << 128n) - 1n)
    .filter((value) => value >> 32n !== 0xffffn)
    .map((value) => ({ family: "IPv6", value }) as const),
);
const subnets = fc
  .tuple(ips, fc.nat(128))
  .map(([ip, length]) => blockAround(ip, ip.family === "IPv4" ? length % 33 : length));
const claims = fc.record({
  group: ips.map(formatIp),
  epoch: counters,
  owner: fc.option(fc.oneof(names, fc.constantFrom("n1", "n2")), { nil: undefined }),
});
const members = fc.record({
  node: names,
  incarnation: counters,
  state: fc.constantFrom(...Object.values(MemberState)),
  info: fc.record({
    macs: fc.array(fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes), {
      maxLength: 64,
    }),
    subnets: fc.array(subnets, { maxLength: 28 }),
    isDraining: fc.boolean(),
    isImpaired: fc.boolean(),
  }),
});
const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constant("heartbeat" as const),
    incarnation: u32s,
    isDeaf: fc.boolean(),
    hearsYou: fc.boolean(),
    hash: u32s,
  }),
  fc.record({
    kind: fc.constant("vote" as const),
    subject: names,
    incarnation: u32s,
    finding: fc.constantFrom(...Object.values(Finding)),
  }),
  fc.record({ kind: fc.constant("heard" as const), subject: names, incarnation: u32s }),
  fc.record({
    kind: fc.constant("records" as const),
    members: fc.array(members, { maxLength: 4 }),
    claims: fc.array(claims, { maxLength: 200 }),
  }),
  fc.record({
    kind: fc.constant("digest" as const),
    buckets: fc.uint32Array({ minLength: BUCKETS, maxLength: BUCKETS }),
    isAnswer: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("offer" as const),
    claims: fc.array(claims, { maxLength: 200 }),
  }),
  fc.record({
    kind: fc.constant("refusal" as const),
    groups: fc.array(ips.map(formatIp), { maxLength: 300 }),
  }),
);

/** One message as the only one of a body. */
function body(message: Message): Uint8Array {
  const [only = new Uint8Array(), ...others] = packBodies([message]);
  expect(others).toEqual([]);
  return only;
}

/** A body of one message with the length that belongs to its value, whatever the value says. */
function enclosed(type: string, value: string): Uint8Array {
  return fromHex(type + (value.length / 2).toString(16).padStart(4, "0") + value);
}

/** What messages say, however they are split. */
function said(all: readonly Message[]) {
  const textOf = ({ owner, group, epoch }: Claim) => `${owner} ${group} ${epoch}`;
  return {
    members: all.flatMap((message) => (message.kind === "records" ? message.members : [])),
    claims: all
      .flatMap((message) => (message.kind === "records" ? message.claims.map(textOf) : []))
      .sort(),
    offered: all.flatMap((message) => (message.kind === "offer" ? message.claims : [])),
    refused: all.flatMap((message) => (message.kind === "refusal" ? message.groups : [])),
    others: all.filter(({ kind }) => !["records", "offer", "refusal"].includes(kind)),
  };
}

test.for(GOLDEN)("writes $message.kind in the order of the wire", ({ message, hex }) => {
  expect(toHex(body(message))).toBe(hex);
});

test.for(GOLDEN)("reads the same bytes of $message.kind back", ({ message, hex }) => {
  expect(parseBody(fromHex(hex))).toEqual([message]);
});

test("writes all messages into one body as long as they fit, and reads them in their order", () => {
  const all = GOLDEN.map(({ message }) => message);
  expect(packBodies(all)).toEqual([fromHex(GOLDEN.map(({ hex }) => hex).join(""))]);
  expect(packBodies(all).flatMap(parseBody)).toEqual(all);
});

test("writes no body for no messages", () => {
  expect(packBodies([])).toEqual([]);
});

test("passes over a message of a type that it does not know", () => {
  expect(parseBody(fromHex(`ff0002cafe${HEARTBEAT_HEX}000000`))).toEqual([HEARTBEAT]);
});

test.for([
  {
    what: "a flag of a heartbeat without meaning",
    bytes: fromHex(HEARTBEAT_HEX.replace("02cafe", "04cafe")),
    why: "heartbeat: flags are 4, and only bits 0 and 1 have a meaning",
  },
  {
    what: "bytes behind a heartbeat",
    bytes: enclosed("01", "000000070200000000ff"),
    why: "heartbeat: 1 bytes remain",
  },
  {
    what: "a message that ends behind the body",
    bytes: fromHex("01ffff00000007"),
    why: "messages: heartbeat needs 65535 bytes at offset 3, 4 remain",
  },
  {
    what: "a finding without meaning",
    bytes: enclosed("02", "00000003036e32"),
    why: "vote: finding is 3, neither 1 nor 2",
  },
  {
    what: "a vote on nobody",
    bytes: enclosed("02", "0000000301"),
    why: "name: that of 0 bytes is not a node's",
  },
  {
    what: "an objection for a name with a line break",
    bytes: enclosed("03", "000000036e0a"),
    why: "name: that of 2 bytes is not a node's",
  },
  {
    what: "an objection for a name of 254 bytes",
    bytes: enclosed("03", `00000003${"6e".repeat(254)}`),
    why: "name: that of 254 bytes is not a node's",
  },
  {
    what: "a name in the table that ends behind the message",
    bytes: enclosed("04", RECORDS_HEX.replace("026e32", "ff6e32")),
    why: "records: name needs 255 bytes at offset 5, 71 remain",
  },
  {
    what: "an empty name in the table",
    bytes: enclosed("04", "0100"),
    why: "name: that of 0 bytes is not a node's",
  },
  {
    what: "a member without name",
    bytes: enclosed("04", RECORDS_HEX.replace("0100000007", "0000000007")),
    why: "records: place of a name is 0",
  },
  {
    what: "a member whose name is not in the table",
    bytes: enclosed("04", RECORDS_HEX.replace("0100000007", "0300000007")),
    why: "records: place of a name is 3, and there are 2",
  },
  {
    what: "an incarnation of 0",
    bytes: enclosed("04", RECORDS_HEX.replace("00000007", "00000000")),
    why: "records: incarnation is 0",
  },
  {
    what: "a flag of a member without meaning",
    bytes: enclosed("04", RECORDS_HEX.replace("0000000705", "0000000715")),
    why: "records: member flags are 21, over 15",
  },
  {
    what: "too many links",
    bytes: enclosed("04", RECORDS_HEX.replace("01020000000011", "41020000000011")),
    why: "records: count of links is 65, over 64",
  },
  {
    what: "too many subnets",
    bytes: enclosed("04", RECORDS_HEX.replace("0218c0", "1d18c0")),
    why: "records: count of subnets is 29, over 28",
  },
  {
    what: "a prefix that IPv4 does not have",
    bytes: enclosed("04", RECORDS_HEX.replace("18c0000200", "21c0000200")),
    why: "records: prefix length is 33, neither 0 to 32 nor 64 to 192",
  },
  {
    what: "a prefix that IPv6 does not have",
    bytes: enclosed("04", RECORDS_HEX.replace("7020010db80077", "c120010db80077")),
    why: "records: prefix length is 193, neither 0 to 32 nor 64 to 192",
  },
  {
    what: "an address where the network should be",
    bytes: enclosed("04", RECORDS_HEX.replace("18c0000200", "18c0000201")),
    why: "records: network has bits behind its prefix of 24",
  },
  {
    what: "a group of another family",
    bytes: enclosed("04", RECORDS_HEX.replace("04c000020a", "05c000020a")),
    why: "records: group family is 5, neither 4 nor 6",
  },
  {
    what: "an epoch of 0",
    bytes: enclosed("04", RECORDS_HEX.replace("00000002", "00000000")),
    why: "records: epoch is 0",
  },
  {
    what: "an owner who is not in the table",
    bytes: enclosed("06", "01026e3204c000020a0000000202"),
    why: "offer: place of a name is 2, and there are 1",
  },
  {
    what: "a group in another spelling",
    bytes: enclosed("07", "0600000000000000000000ffffc000020a"),
    why: "refusal: group address is IPv4 written as IPv6",
  },
  {
    what: "a digest of 65 buckets",
    bytes: enclosed("05", `00${"00000000".repeat(65)}`),
    why: "digest: 4 bytes remain",
  },
])("refuses $what", ({ bytes, why }) => {
  expect(() => parseBody(bytes)).toThrow(`Cannot read ${why}`);
  expect(() => parseBody(bytes)).toThrow(MalformedError);
});

test.for(GOLDEN)("refuses every body of $message.kind that is cut short", ({ hex }) => {
  const whole = fromHex(hex);
  for (let length = 1; length < whole.length; length++) {
    expect(() => parseBody(whole.subarray(0, length))).toThrow(MalformedError);
  }
});

test.for([
  { what: "a name that is no node's", message: { ...HEARTBEAT, kind: "heard", subject: "N1" } },
  {
    what: "a name of 254 characters",
    message: { kind: "records", members: [{ ...MEMBER, node: `n${LONGEST_NAME}` }], claims: [] },
  },
  {
    what: "65 links",
    message: {
      kind: "records",
      members: [{ ...MEMBER, info: { ...MEMBER.info, macs: Array(65).fill("02:00:00:00:00:11") } }],
      claims: [],
    },
  },
  {
    what: "29 subnets",
    message: {
      kind: "records",
      members: [
        {
          ...MEMBER,
          info: { ...MEMBER.info, subnets: Array(29).fill(parseRange("192.0.2.0/24")) },
        },
      ],
      claims: [],
    },
  },
  {
    what: "a subnet that is no CIDR",
    message: {
      kind: "records",
      members: [
        { ...MEMBER, info: { ...MEMBER.info, subnets: [parseRange("192.0.2.1-192.0.2.9")] } },
      ],
      claims: [],
    },
  },
  {
    what: "an incarnation of 0",
    message: { kind: "records", members: [{ ...MEMBER, incarnation: 0 }], claims: [] },
  },
  {
    what: "an epoch of 33 bits",
    message: { kind: "offer", claims: [{ ...CLAIM, epoch: 0x1_0000_0000 }] },
  },
  { what: "a group that is no address", message: { kind: "refusal", groups: ["192.0.2.256"] } },
  {
    what: "a group in another spelling",
    message: { kind: "refusal", groups: ["::ffff:c000:201"] },
  },
  {
    what: "a digest of 63 buckets",
    message: { kind: "digest", buckets: new Uint32Array(63), isAnswer: false },
  },
] as { what: string; message: Message }[])("does not write $what", ({ message }) => {
  expect(() => packBodies([message])).toThrow(RangeError);
});

test("writes the longest record of a member into one body", () => {
  const message: Message = { kind: "records", members: [LONGEST], claims: [] };
  expect(body(message)).toHaveLength(1_127);
  expect(MAX_BODY_LENGTH).toBe(1_142);
  expect(parseBody(body(message))).toEqual([message]);
});

test("splits what is too long for one body, and fills each", () => {
  const many = Array.from({ length: 1_000 }, (_, index) => ({
    group: `198.51.100.${index % 256}`,
    epoch: 1,
    owner: `n${index % 50}.example`,
  }));
  const all: Message[] = [HEARTBEAT, { kind: "records", members: [LONGEST, MEMBER], claims: many }];
  const bodies = packBodies(all);
  expect(bodies).toHaveLength(11);
  expect(said(bodies.flatMap(parseBody))).toEqual(said(all));
});

test("makes messages of any bytes, or says what is wrong with them", () => {
  const starts = fc.oneof(
    fc.constant(""),
    fc
      .constantFrom(...GOLDEN.map(({ hex }) => hex))
      .chain((hex) => fc.nat(hex.length / 2).map((length) => hex.slice(0, 2 * length))),
  );
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 100 }), (start, rest) => {
      const bytes = Uint8Array.of(...fromHex(start), ...rest);
      try {
        const read = parseBody(bytes);
        expect(packBodies(read).flatMap(parseBody)).toEqual(read);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
  );
});

test("makes messages of a value with any byte changed, or says what is wrong with it", () => {
  fc.assert(
    fc.property(messages, fc.nat(), fc.nat(255), (message, at, byte) => {
      for (const whole of packBodies([message])) {
        whole[at % whole.length] = byte;
        try {
          const read = parseBody(whole);
          expect(packBodies(read).flatMap(parseBody)).toEqual(read);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }
    }),
  );
});

test("reads all that it writes, and writes no body that a packet has no room for", () => {
  fc.assert(
    fc.property(fc.array(messages, { maxLength: 5 }), (all) => {
      const bodies = packBodies(all);
      for (const { length } of bodies) {
        expect(length).toBeLessThanOrEqual(MAX_BODY_LENGTH);
      }
      const read = bodies.flatMap(parseBody);
      expect(said(read)).toEqual(said(all));
      if (read.length === all.length) {
        expect(read).toEqual(all);
      }
    }),
  );
});
