/**
 * Captured frames as a file for Wireshark and tcpdump: pcapng, draft-ietf-opsawg-pcapng, in little-endian order. One
 * section header, then a description of each interface, then the packets; a stream of blocks may end after any of them.
 */

/** Block types, §4. */
const BlockType = { sectionHeader: 0x0a0d_0d0a, interfaceDescription: 1, enhancedPacket: 6 };

/** By which readers find out the order of bytes. */
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
const VERSION = { major: 1, minor: 0 };
/** The length of a section that is not known beforehand is all ones. */
const UNKNOWN_LENGTH = 0xffff_ffff;
const LINK_TYPE_ETHERNET = 1;
const NO_LIMIT = 0;

const Option = { end: 0, interfaceName: 2, packetFlags: 2, timestampResolution: 9 };
/** Timestamps count units of 10⁻⁶ seconds. */
const MICROSECONDS = 6;
const UNITS_PER_MS = 1_000;

const Direction = { in: 1, out: 2 } as const;

export interface PcapngPacket {
  /** Of the interface descriptions, in their order from 0. */
  readonly interfaceId: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly direction: keyof typeof Direction;
  /** The frame, or as much of its beginning as was kept. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole frame. */
  readonly length: number;
}

/** The block that every file begins with. */
export function formatSectionHeader(): Uint8Array {
  return block(BlockType.sectionHeader, [
    u32(BYTE_ORDER_MAGIC),
    u16(VERSION.major),
    u16(VERSION.minor),
    u32(UNKNOWN_LENGTH),
    u32(UNKNOWN_LENGTH),
  ]);
}

/** The block of an Ethernet interface. */
export function formatInterface(name: string): Uint8Array {
  return block(BlockType.interfaceDescription, [
    u16(LINK_TYPE_ETHERNET),
    u16(0),
    u32(NO_LIMIT),
    option(Option.interfaceName, new TextEncoder().encode(name)),
    option(Option.timestampResolution, Uint8Array.of(MICROSECONDS)),
    option(Option.end, new Uint8Array(0)),
  ]);
}

export function formatPacket(packet: PcapngPacket): Uint8Array {
  const { interfaceId, atMs, direction, bytes, length } = packet;
  const time = Math.round(atMs * UNITS_PER_MS);
  return block(BlockType.enhancedPacket, [
    u32(interfaceId),
    u32(Math.floor(time / 2 ** 32)),
    u32(time),
    u32(bytes.length),
    u32(length),
    padded(bytes),
    option(Option.packetFlags, u32(Direction[direction])),
    option(Option.end, new Uint8Array(0)),
  ]);
}

/** A block has its length at both ends, so that readers can go backwards: §3.1. */
function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(parts);
  const length = u32(body.length + 12);
  return concat([u32(type), length, body, length]);
}

function option(code: number, value: Uint8Array): Uint8Array {
  return concat([u16(code), u16(value.length), padded(value)]);
}

/** Fields of any length are followed by zeros up to a multiple of 32 bits. */
function padded(bytes: Uint8Array): Uint8Array {
  return concat([bytes, new Uint8Array(-bytes.length & 3)]);
}

function u16(value: number): Uint8Array {
  return u32(value).subarray(0, 2);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
