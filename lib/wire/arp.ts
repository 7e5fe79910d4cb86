/** ARP for IPv4 over Ethernet, RFC 826. */

import type { Ip } from "#lib/address/ip.ts";
import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { EtherType } from "./ethernet.ts";
import { MAC_LENGTH, type Mac, macFromBytes, macToBytes } from "./mac.ts";

export const Operation = { request: 1, reply: 2 } as const;
export type Operation = (typeof Operation)[keyof typeof Operation];

/** Hardware types, RFC 1700; Linux takes IEEE 802 for Ethernet too. */
const HardwareType = { ethernet: 1, ieee802: 6 } as const;

const IPV4_LENGTH = 4;
const ARP_LENGTH = 28;

export interface ArpPacket {
  readonly operation: Operation;
  readonly senderMac: Mac;
  readonly senderIp: Ip;
  /** Zero in most requests, for it is what they ask. */
  readonly targetMac: Mac;
  readonly targetIp: Ip;
}

/**
 * Reads the payload of an Ethernet frame of EtherType 0x0806. Bytes after the packet are Ethernet padding and are ignored.
 *
 * @throws {MalformedError} when a field is cut short, is not Ethernet/IPv4, or the operation is neither request nor reply
 */
export function parseArp(payload: Uint8Array): ArpPacket {
  const reader = new ByteReader("ARP packet", payload);
  expectOneOf(reader, "hardware type", reader.u16("hardware type"), Object.values(HardwareType));
  expectOneOf(reader, "protocol type", reader.u16("protocol type"), [EtherType.ipv4]);
  expectOneOf(reader, "hardware length", reader.u8("hardware length"), [MAC_LENGTH]);
  expectOneOf(reader, "protocol length", reader.u8("protocol length"), [IPV4_LENGTH]);
  return {
    operation: operationFrom(reader),
    senderMac: macFromBytes(reader.bytes(MAC_LENGTH, "sender hardware address")),
    senderIp: ipv4From(reader.u32("sender protocol address")),
    targetMac: macFromBytes(reader.bytes(MAC_LENGTH, "target hardware address")),
    targetIp: ipv4From(reader.u32("target protocol address")),
  };
}

export function formatArp(packet: ArpPacket): Uint8Array {
  return new ByteWriter(ARP_LENGTH)
    .u16(HardwareType.ethernet)
    .u16(EtherType.ipv4)
    .u8(MAC_LENGTH)
    .u8(IPV4_LENGTH)
    .u16(packet.operation)
    .bytes(macToBytes(packet.senderMac))
    .u32(Number(packet.senderIp.value))
    .bytes(macToBytes(packet.targetMac))
    .u32(Number(packet.targetIp.value))
    .written();
}

function operationFrom(reader: ByteReader): Operation {
  const value = reader.u16("operation");
  expectOneOf(reader, "operation", value, Object.values(Operation));
  return value === Operation.request ? Operation.request : Operation.reply;
}

function expectOneOf(
  reader: ByteReader,
  field: string,
  value: number,
  allowed: readonly number[],
): void {
  if (!allowed.includes(value)) {
    throw reader.malformed(`${field} is ${value}, not ${allowed.join(" or ")}`);
  }
}

function ipv4From(value: number): Ip {
  return { family: "IPv4", value: BigInt(value) };
}
