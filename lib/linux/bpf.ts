/** Classic BPF, which runs in the kernel and spares us the frames that are not ours. */

import { Operation } from "#lib/wire/arp.ts";
import { EtherType } from "#lib/wire/ethernet.ts";

/** `struct sock_filter`. */
export interface Instruction {
  readonly code: number;
  /** How many instructions to skip when the comparison holds. */
  readonly jt: number;
  /** How many to skip when it does not. */
  readonly jf: number;
  readonly k: number;
}

/** The five of its codes that a filter for ARP needs. */
export const Code = {
  /** Loads 32 bits from offset k. */
  loadWord: 0x20,
  /** Loads 16 bits from offset k. */
  loadHalf: 0x28,
  /** Skips k instructions. */
  jump: 0x05,
  /** Compares what was loaded with k. */
  jumpEqual: 0x15,
  /** Ends, and passes the first k bytes of the frame, or drops it when k is 0. */
  finish: 0x06,
} as const;

/** Above it the filter passes every ARP request and reply, and the thread looks the address up. */
export const MAX_EXACT_ADDRESSES = 1_000;

/** Where the kernel's opinion of a frame stands, beside its bytes: `SKF_AD_OFF + SKF_AD_PKTTYPE`. */
export const PACKET_TYPE_OFFSET = 0xffff_f004;

/**
 * The packet type of frames that are not for this link: those for another MAC address, and those with a tag of a VLAN
 * that has no link here, of which the kernel has by now taken the tag away without a trace.
 */
const PACKET_OTHERHOST = 3;

/** Offsets in an Ethernet frame that carries ARP. */
const OFFSET = { etherType: 12, operation: 20, senderIp: 28, targetIp: 38 };

const WHOLE_FRAME = 0x4_0000;
const PASS: Instruction = { code: Code.finish, jt: 0, jf: 0, k: WHOLE_FRAME };
const DROP: Instruction = { code: Code.finish, jt: 0, jf: 0, k: 0 };

/** Drops what is not ARP for this link. */
const ARP_FOR_THIS_LINK: readonly Instruction[] = [
  load(Code.loadWord, PACKET_TYPE_OFFSET),
  jumpEqual(PACKET_OTHERHOST, 0, 1),
  DROP,
  load(Code.loadHalf, OFFSET.etherType),
  jumpEqual(EtherType.arp, 1, 0),
  DROP,
];

/** A comparison skips at most 255 instructions. */
const BLOCK_SIZE = 250;

/**
 * Makes the filter that passes ARP requests for the addresses, and ARP of either operation that claims to come from
 * one of them, which is how a conflict shows.
 *
 * @param addresses IPv4 as unsigned integers
 */
export function arpFilter(addresses: readonly number[]): readonly Instruction[] {
  if (addresses.length > MAX_EXACT_ADDRESSES) {
    return arpFilterForAny();
  }
  const claimed = [load(Code.loadWord, OFFSET.senderIp), ...passIfAnyOf(addresses), DROP];
  const asked = [load(Code.loadWord, OFFSET.targetIp), ...passIfAnyOf(addresses)];
  return [
    ...ARP_FOR_THIS_LINK,
    load(Code.loadHalf, OFFSET.operation),
    jumpEqual(Operation.request, 1, 0),
    { code: Code.jump, jt: 0, jf: 0, k: asked.length },
    ...asked,
    ...claimed,
  ];
}

/** Makes the filter that passes every ARP request and reply, whatever its addresses. */
export function arpFilterForAny(): readonly Instruction[] {
  return [
    ...ARP_FOR_THIS_LINK,
    load(Code.loadHalf, OFFSET.operation),
    jumpEqual(Operation.request, 2, 0),
    jumpEqual(Operation.reply, 1, 0),
    DROP,
    PASS,
  ];
}

/** The bytes of the instructions, as the kernel takes them. */
export function encodeProgram(instructions: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  return new Uint8Array(view.buffer);
}

/** Passes the frame if what was loaded is one of the values, and goes on behind these instructions if not. */
function passIfAnyOf(values: readonly number[]): readonly Instruction[] {
  const instructions: Instruction[] = [];
  for (let start = 0; start < values.length; start += BLOCK_SIZE) {
    const block = values.slice(start, start + BLOCK_SIZE);
    block.forEach((value, index) => {
      instructions.push(jumpEqual(value, block.length - index, 0));
    });
    instructions.push({ code: Code.jump, jt: 0, jf: 0, k: 1 }, PASS);
  }
  return instructions;
}

function load(code: number, offset: number): Instruction {
  return { code, jt: 0, jf: 0, k: offset };
}

function jumpEqual(value: number, jt: number, jf: number): Instruction {
  return { code: Code.jumpEqual, jt, jf, k: value };
}
