import fc from "fast-check";
import { expect, test } from "vitest";
import {
  arpFilter,
  Code,
  encodeProgram,
  type Instruction,
  MAX_EXACT_ADDRESSES,
  PACKET_TYPE_OFFSET,
} from "./bpf.ts";

const OWNED = 0xc000_020a;
const OTHER = 0xc000_024d;

/** Packet types of the kernel. */
const BROADCAST = 1;
const OTHERHOST = 3;

interface Fields {
  readonly etherType: number;
  readonly operation: number;
  readonly senderIp: number;
  readonly targetIp: number;
}

const REQUEST: Fields = { etherType: 0x0806, operation: 1, senderIp: OTHER, targetIp: OWNED };

function frameOf(fields: Fields): DataView {
  const frame = new DataView(new ArrayBuffer(42));
  frame.setUint16(12, fields.etherType);
  frame.setUint16(20, fields.operation);
  frame.setUint32(28, fields.senderIp);
  frame.setUint32(38, fields.targetIp);
  return frame;
}

/** Runs the program as the kernel does: a load behind the end of the frame drops it. */
function passes(program: readonly Instruction[], frame: DataView, packetType = BROADCAST): boolean {
  let loaded: number | undefined = 0;
  for (let at = 0; loaded !== undefined; at += 1) {
    const { code, jt, jf, k } = instructionAt(program, at);
    switch (code) {
      case Code.finish:
        return k > 0;
      case Code.jump:
        at += k;
        break;
      case Code.jumpEqual:
        at += loaded === k ? jt : jf;
        break;
      default:
        loaded =
          k === PACKET_TYPE_OFFSET ? packetType : valueAt(frame, k, code === Code.loadWord ? 4 : 2);
    }
  }
  return false;
}

function instructionAt(program: readonly Instruction[], at: number): Instruction {
  const instruction = program[at];
  if (instruction === undefined) {
    throw new Error("the program runs over its end");
  }
  return instruction;
}

function valueAt(frame: DataView, offset: number, width: 2 | 4): number | undefined {
  if (offset + width > frame.byteLength) {
    return undefined;
  }
  return width === 4 ? frame.getUint32(offset) : frame.getUint16(offset);
}

function concerns(fields: Fields, owned: readonly number[]): boolean {
  return (
    fields.etherType === 0x0806 &&
    (owned.includes(fields.senderIp) || (fields.operation === 1 && owned.includes(fields.targetIp)))
  );
}

test.for([
  { what: "a request for an owned address", passed: true, fields: REQUEST },
  { what: "a request for another address", passed: false, fields: { ...REQUEST, targetIp: OTHER } },
  { what: "a reply to an owned address", passed: false, fields: { ...REQUEST, operation: 2 } },
  {
    what: "a reply that claims an owned address",
    passed: true,
    fields: { ...REQUEST, operation: 2, senderIp: OWNED, targetIp: OTHER },
  },
  {
    what: "a request that claims an owned address",
    passed: true,
    fields: { ...REQUEST, senderIp: OWNED, targetIp: OTHER },
  },
  { what: "what is not ARP", passed: false, fields: { ...REQUEST, etherType: 0x0800 } },
])("passes or drops $what", ({ fields, passed }) => {
  expect(passes(arpFilter([OWNED]), frameOf(fields))).toBe(passed);
});

test("drops a frame that is for another host or from another VLAN", () => {
  const owned = Array.from({ length: MAX_EXACT_ADDRESSES + 1 }, (_, index) => OWNED + index);
  expect(passes(arpFilter([OWNED]), frameOf(REQUEST), OTHERHOST)).toBe(false);
  expect(passes(arpFilter(owned), frameOf(REQUEST), OTHERHOST)).toBe(false);
});

test("drops a frame that is cut short", () => {
  const frame = frameOf(REQUEST);
  for (let length = 0; length < 42; length++) {
    expect(passes(arpFilter([OWNED]), new DataView(frame.buffer, 0, length))).toBe(false);
  }
});

test("decides as its definition does, for any addresses and any frame", () => {
  const address = fc.oneof(fc.integer({ min: OWNED, max: OWNED + 600 }), fc.nat(0xffff_ffff));
  const fields = fc.record({
    etherType: fc.constantFrom(0x0806, 0x0800),
    operation: fc.constantFrom(0, 1, 2, 3),
    senderIp: address,
    targetIp: address,
  });
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 600 }), fields, (owned, frame) => {
      expect(passes(arpFilter(owned), frameOf(frame))).toBe(concerns(frame, owned));
    }),
  );
});

test.for([0, 1, 249, 250, 251, 500, MAX_EXACT_ADDRESSES])(
  "finds each of %i addresses, and none beside them",
  (count) => {
    const owned = Array.from({ length: count }, (_, index) => OWNED + index);
    const program = arpFilter(owned);
    for (const targetIp of owned) {
      expect(passes(program, frameOf({ ...REQUEST, targetIp, senderIp: 0 }))).toBe(true);
    }
    expect(passes(program, frameOf({ ...REQUEST, senderIp: 0, targetIp: OWNED - 1 }))).toBe(false);
    expect(passes(program, frameOf({ ...REQUEST, senderIp: 0, targetIp: OWNED + count }))).toBe(
      false,
    );
  },
);

test("keeps to what the kernel takes: 4,096 instructions, and jumps of 255", () => {
  const program = arpFilter(Array.from({ length: MAX_EXACT_ADDRESSES }, (_, index) => index));
  expect(program.length).toBeLessThanOrEqual(4_096);
  expect(Math.max(...program.map(({ jt, jf }) => Math.max(jt, jf)))).toBeLessThanOrEqual(255);
});

test.for([
  { what: "a request", operation: 1, passed: true },
  { what: "a reply", operation: 2, passed: true },
  { what: "another operation", operation: 3, passed: false },
])("passes or drops $what by its operation alone when there are too many addresses", (row) => {
  const owned = Array.from({ length: MAX_EXACT_ADDRESSES + 1 }, (_, index) => OWNED + index);
  const frame = frameOf({ ...REQUEST, operation: row.operation, targetIp: OTHER });
  expect(passes(arpFilter(owned), frame)).toBe(row.passed);
});

test("writes an instruction as the kernel lays it out", () => {
  expect([...encodeProgram([{ code: 0x15, jt: 1, jf: 2, k: 0x0806 }])]).toEqual([
    0x15, 0, 1, 2, 0x06, 0x08, 0, 0,
  ]);
});
