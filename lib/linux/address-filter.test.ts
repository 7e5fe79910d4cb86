import fc from "fast-check";
import { expect, test } from "vitest";
import { coverOf } from "./address-cover.ts";
import {
  arpFilter,
  arpFilterForAny,
  MAX_INTERVALS,
  ndpFilter,
  ndpFilterForAny,
} from "./address-filter.ts";
import type { Instruction } from "./bpf.ts";
import { runProgram } from "./testing/bpf-interpreter.ts";

const OWNED = 0xc000_020a;
const OTHER = 0xc000_024d;

/** Packet types of the kernel. */
const BROADCAST = 1;
const OTHERHOST = 3;

/** The kernel's BPF_MAXINSNS. */
const MAX_INSTRUCTIONS = 4_096;

/** What any frame costs the kernel at most; a search of a thousand intervals halves them eleven times. */
const MAX_STEPS = 42;

const ARP_LENGTH = 42;
const NDP_LENGTH = 86;

interface Arp {
  readonly etherType: number;
  readonly operation: number;
  readonly senderIp: number;
  readonly targetIp: number;
}

interface Ndp {
  readonly etherType: number;
  readonly nextHeader: number;
  readonly type: number;
  readonly source: number;
  readonly target: number;
}

const REQUEST: Arp = { etherType: 0x0806, operation: 1, senderIp: OTHER, targetIp: OWNED };
const SOLICITATION: Ndp = {
  etherType: 0x86dd,
  nextHeader: 58,
  type: 135,
  source: OTHER,
  target: OWNED,
};

function arpFrame(fields: Arp): DataView {
  const frame = new DataView(new ArrayBuffer(ARP_LENGTH));
  frame.setUint16(12, fields.etherType);
  frame.setUint16(20, fields.operation);
  frame.setUint32(28, fields.senderIp);
  frame.setUint32(38, fields.targetIp);
  return frame;
}

function ndpFrame(fields: Ndp): DataView {
  const frame = new DataView(new ArrayBuffer(NDP_LENGTH));
  frame.setUint16(12, fields.etherType);
  frame.setUint8(20, fields.nextHeader);
  frame.setUint32(34, fields.source);
  frame.setUint8(54, fields.type);
  frame.setUint32(74, fields.target);
  return frame;
}

function passes(program: readonly Instruction[], frame: DataView, packetType = BROADCAST): boolean {
  return runProgram(program, frame, packetType).passes;
}

/** What the filter for ARP is to do, in plain words. */
function arpConcerns(arp: Arp, isOurs: (address: number) => boolean): boolean {
  const isRequest = arp.operation === 1;
  const isReply = arp.operation === 2;
  return (
    arp.etherType === 0x0806 &&
    ((isRequest && isOurs(arp.targetIp)) || ((isRequest || isReply) && isOurs(arp.senderIp)))
  );
}

/** What the filter for NDP is to do, in plain words. */
function ndpConcerns(ndp: Ndp, isOurs: (lowWord: number) => boolean): boolean {
  const isSolicitation = ndp.type === 135;
  const isAdvertisement = ndp.type === 136;
  return (
    ndp.etherType === 0x86dd &&
    ndp.nextHeader === 58 &&
    (((isSolicitation || isAdvertisement) && isOurs(ndp.target)) ||
      (isSolicitation && isOurs(ndp.source)))
  );
}

test.for<{ what: string; passed: boolean; fields: Partial<Arp> }>([
  { what: "a request for an owned address", passed: true, fields: {} },
  { what: "a request for another address", passed: false, fields: { targetIp: OTHER } },
  { what: "a reply to an owned address", passed: false, fields: { operation: 2 } },
  {
    what: "a reply that claims an owned address",
    passed: true,
    fields: { operation: 2, senderIp: OWNED, targetIp: OTHER },
  },
  {
    what: "a request that claims an owned address",
    passed: true,
    fields: { senderIp: OWNED, targetIp: OTHER },
  },
  {
    what: "another operation that claims an owned address",
    passed: false,
    fields: { operation: 3, senderIp: OWNED },
  },
  { what: "what is not ARP", passed: false, fields: { etherType: 0x0800 } },
])("passes or drops $what", ({ fields, passed }) => {
  expect(passes(arpFilter([OWNED], 1), arpFrame({ ...REQUEST, ...fields }))).toBe(passed);
});

test.for<{ what: string; passed: boolean; fields: Partial<Ndp> }>([
  { what: "a solicitation of an owned address", passed: true, fields: {} },
  { what: "a solicitation of another address", passed: false, fields: { target: OTHER } },
  {
    what: "a solicitation that claims to come from an owned address",
    passed: true,
    fields: { source: OWNED, target: OTHER },
  },
  { what: "an advertisement of an owned address", passed: true, fields: { type: 136 } },
  {
    what: "an advertisement of another address",
    passed: false,
    fields: { type: 136, target: OTHER },
  },
  {
    what: "an advertisement of another address from an owned one",
    passed: false,
    fields: { type: 136, source: OWNED, target: OTHER },
  },
  { what: "another type of ICMPv6", passed: false, fields: { type: 128 } },
  { what: "what is not ICMPv6", passed: false, fields: { nextHeader: 6 } },
  { what: "what is not IPv6", passed: false, fields: { etherType: 0x0800 } },
])("passes or drops $what", ({ fields, passed }) => {
  expect(passes(ndpFilter([OWNED], 1), ndpFrame({ ...SOLICITATION, ...fields }))).toBe(passed);
});

const WAYS = [
  { name: "ARP filter", program: arpFilter([OWNED], 1), frame: arpFrame(REQUEST) },
  { name: "ARP filter for any address", program: arpFilterForAny(), frame: arpFrame(REQUEST) },
  { name: "NDP filter", program: ndpFilter([OWNED], 1), frame: ndpFrame(SOLICITATION) },
  { name: "NDP filter for any address", program: ndpFilterForAny(), frame: ndpFrame(SOLICITATION) },
];

test.for(WAYS)("drops by the $name what is for another host or from another VLAN", (way) => {
  expect(passes(way.program, way.frame, BROADCAST)).toBe(true);
  expect(passes(way.program, way.frame, OTHERHOST)).toBe(false);
});

test.for([
  { name: "ARP", program: arpFilter([OWNED], 1), frame: arpFrame(REQUEST), needed: 42 },
  { name: "NDP", program: ndpFilter([OWNED], 1), frame: ndpFrame(SOLICITATION), needed: 78 },
])("drops $name that is cut short", ({ program, frame, needed }) => {
  for (let length = 0; length < needed; length++) {
    expect(passes(program, new DataView(frame.buffer, 0, length))).toBe(false);
  }
  expect(passes(program, new DataView(frame.buffer, 0, needed))).toBe(true);
});

test.for([0, 1, 2, 3])(
  "passes operation %i of ARP for any address as its definition says",
  (operation) => {
    const fields = { ...REQUEST, operation, targetIp: OTHER };
    expect(passes(arpFilterForAny(), arpFrame(fields))).toBe(arpConcerns(fields, () => true));
  },
);

test.for([134, 135, 136, 137])(
  "passes type %i of ICMPv6 for any address as its definition says",
  (type) => {
    const fields = { ...SOLICITATION, type, target: OTHER };
    expect(passes(ndpFilterForAny(), ndpFrame(fields))).toBe(ndpConcerns(fields, () => true));
  },
);

test("passes nothing when there is no address", () => {
  expect(passes(arpFilter([], 1), arpFrame({ ...REQUEST, targetIp: 0, senderIp: 0 }))).toBe(false);
  expect(passes(ndpFilter([], 1), ndpFrame({ ...SOLICITATION, target: 0, source: 0 }))).toBe(false);
});

test.for<{ what: string; owned: readonly number[] }>([
  { what: "the lowest and the highest address", owned: [0, 0xffff_ffff] },
  { what: "the highest two addresses", owned: [0xffff_fffe, 0xffff_ffff] },
  { what: "the lowest two addresses", owned: [0, 1] },
])("tells $what from their neighbours", ({ owned }) => {
  const program = arpFilter(owned, MAX_INTERVALS);
  for (const targetIp of [0, 1, 2, 0x8000_0000, 0xffff_fffd, 0xffff_fffe, 0xffff_ffff]) {
    const frame = arpFrame({ ...REQUEST, targetIp });
    expect(passes(program, frame)).toBe(owned.includes(targetIp));
  }
});

test("passes every address when one interval holds them all", () => {
  const program = arpFilter([0, 0xffff_ffff], 1);
  expect(passes(program, arpFrame({ ...REQUEST, targetIp: OTHER }))).toBe(true);
});

/** Close together, so that they meet, or anywhere. */
const address = fc.oneof(
  fc.integer({ min: OWNED, max: OWNED + 600 }),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

test("decides on ARP as its definition does, for any addresses and any frame", () => {
  const fields = fc.record({
    etherType: fc.constantFrom(0x0806, 0x0800),
    operation: fc.constantFrom(0, 1, 2, 3),
    senderIp: address,
    targetIp: address,
  });
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 600 }), fields, (owned, frame) => {
      const program = arpFilter(owned, MAX_INTERVALS);
      expect(passes(program, arpFrame(frame))).toBe(
        arpConcerns(frame, (value) => owned.includes(value)),
      );
    }),
  );
});

test("decides on NDP as its definition does, for any addresses and any frame", () => {
  const fields = fc.record({
    etherType: fc.constantFrom(0x86dd, 0x0800),
    nextHeader: fc.constantFrom(58, 6, 0),
    type: fc.constantFrom(134, 135, 136, 137),
    source: address,
    target: address,
  });
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 600 }), fields, (owned, frame) => {
      const program = ndpFilter(owned, MAX_INTERVALS);
      expect(passes(program, ndpFrame(frame))).toBe(
        ndpConcerns(frame, (value) => owned.includes(value)),
      );
    }),
  );
});

test("never drops what concerns an address, however few intervals it may have", () => {
  const fewIntervals = fc.integer({ min: 1, max: 20 });
  const addresses = fc.uniqueArray(address, { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(addresses, fewIntervals, (owned, maxIntervals) => {
      const arp = arpFilter(owned, maxIntervals);
      const ndp = ndpFilter(owned, maxIntervals);
      for (const value of owned) {
        expect(passes(arp, arpFrame({ ...REQUEST, targetIp: value }))).toBe(true);
        expect(passes(arp, arpFrame({ ...REQUEST, operation: 2, senderIp: value }))).toBe(true);
        expect(passes(ndp, ndpFrame({ ...SOLICITATION, target: value }))).toBe(true);
        expect(passes(ndp, ndpFrame({ ...SOLICITATION, source: value }))).toBe(true);
      }
    }),
  );
});

/** The same for every run; the high bits of a multiplicative generator. */
function scattered(count: number): readonly number[] {
  let state = 1n;
  return Array.from({ length: count }, () => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1n);
    return Number(state >> 32n);
  });
}

const COUNTS = [0, 1, 2, 255, 256, 1_000, 1_300, 10_000];
const SHAPES = [
  { shape: "consecutive", of: (count: number) => listOf(count, (index) => OWNED + index) },
  { shape: "every other", of: (count: number) => listOf(count, (index) => OWNED + 2 * index) },
  { shape: "every third pair of", of: (count: number) => listOf(count, pairOf) },
  { shape: "scattered", of: scattered },
];

function listOf(count: number, value: (index: number) => number): readonly number[] {
  return Array.from({ length: count }, (_, index) => value(index));
}

function pairOf(index: number): number {
  return OWNED + 3 * (index >> 1) + (index & 1);
}

const SIZES = SHAPES.flatMap(({ shape, of }) =>
  COUNTS.map((count) => ({ shape, count, owned: of(count) })),
);

test.for(SIZES)("tells $count $shape addresses from their neighbours", ({ owned }) => {
  const ours = new Set(owned);
  const isExact = coverOf(owned, MAX_INTERVALS + 1).length <= MAX_INTERVALS;
  const program = arpFilter(owned, MAX_INTERVALS);
  const neighbours = owned.flatMap((value) => [(value + 1) >>> 0, (value - 1) >>> 0]);
  const passed = neighbours.filter(
    (targetIp) =>
      !ours.has(targetIp) && passes(program, arpFrame({ ...REQUEST, senderIp: 0, targetIp })),
  );
  expect(passed.length === 0).toBe(isExact);
});

test.for(SIZES)("finds each of $count $shape addresses at little cost", ({ owned }) => {
  const arp = arpFilter(owned, MAX_INTERVALS);
  const ndp = ndpFilter(owned, MAX_INTERVALS);
  for (const program of [arp, ndp]) {
    expect(program.length).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
    expect(Math.max(...program.map(({ jt, jf }) => Math.max(jt, jf)))).toBeLessThanOrEqual(255);
  }
  for (const value of owned) {
    expect(passes(arp, arpFrame({ ...REQUEST, targetIp: value }))).toBe(true);
    expect(passes(ndp, ndpFrame({ ...SOLICITATION, target: value }))).toBe(true);
  }
  const arpSteps = mostSteps(arp, owned, (targetIp, senderIp) =>
    arpFrame({ ...REQUEST, targetIp, senderIp }),
  );
  const ndpSteps = mostSteps(ndp, owned, (target, source) =>
    ndpFrame({ ...SOLICITATION, target, source }),
  );
  expect(arpSteps).toBeLessThanOrEqual(MAX_STEPS);
  expect(ndpSteps).toBeLessThanOrEqual(MAX_STEPS);
});

/** Of a frame with neither an owned target nor an owned sender, which is searched for twice. */
function mostSteps(
  program: readonly Instruction[],
  owned: readonly number[],
  frame: (target: number, sender: number) => DataView,
): number {
  const values = owned.flatMap((value) => [value, (value + 1) >>> 0, (value - 1) >>> 0]);
  const candidates = [...values, 0, 0xffff_ffff];
  const ofTargets = candidates.map(
    (value) => runProgram(program, frame(value, 0), BROADCAST).steps,
  );
  const most = Math.max(...ofTargets);
  const worst = candidates[ofTargets.indexOf(most)] ?? 0;
  return Math.max(
    ...candidates.map((value) => runProgram(program, frame(worst, value), BROADCAST).steps),
  );
}
