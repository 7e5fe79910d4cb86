/** Neighbor Solicitation and Advertisement over Ethernet: RFC 4861 §4.3 and §4.4, and the nonce of RFC 3971 §5.3.2. */

import { type Ip, parseIp } from "#lib/address/ip.ts";
import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { ICMPV6, icmpv6Checksum } from "./checksum.ts";
import { formatIpv6, type Ipv6Packet, ipv6From, isMulticast, parseIpv6 } from "./ipv6.ts";
import { MAC_LENGTH, type Mac, macFromBytes, macToBytes } from "./mac.ts";

/** Types of ICMPv6. */
export const NdpType = { solicitation: 135, advertisement: 136 } as const;

/** Options that are read; others are skipped, as are these in messages that they do not belong to. */
export const NdpOption = { sourceLinkLayer: 1, targetLinkLayer: 2, nonce: 14 } as const;

/** Bits of the third word of an advertisement. */
export const NdpFlag = { router: 0x8000_0000, solicited: 0x4000_0000, override: 0x2000_0000 };

/** What no router passes on and none can forge from afar, RFC 4861 §7.1. */
export const NDP_HOP_LIMIT = 255;

/** RFC 4861 §2.3. */
export const ALL_NODES = parseIp("ff02::1");
export const ALL_ROUTERS = parseIp("ff02::2");

/** The high 104 bits of RFC 4291 §2.7.1, with the rest zero. */
const SOLICITED_NODE_PREFIX = parseIp("ff02::1:ff00:0").value;

/** Type, code, checksum, flags, target. */
const FIXED_LENGTH = 24;
const CHECKSUM_OFFSET = 2;
/** Lengths of options are in units of 8 bytes, with type and length. */
const OPTION_UNIT = 8;
const OPTION_HEADER_LENGTH = 2;

export interface NeighborSolicitation {
  readonly type: typeof NdpType.solicitation;
  /** The address that is asked for. */
  readonly target: Ip;
  readonly sourceMac: Mac | undefined;
  /** By which a sender knows its own probe again, RFC 7527 §4; 6 bytes, or 8 more for each further unit. */
  readonly nonce: Uint8Array | undefined;
}

export interface NeighborAdvertisement {
  readonly type: typeof NdpType.advertisement;
  /** The address that is told of. */
  readonly target: Ip;
  readonly targetMac: Mac | undefined;
  readonly isRouter: boolean;
  readonly isSolicited: boolean;
  /** Whether it replaces a MAC address that is known already. */
  readonly isOverride: boolean;
}

export interface NdpPacket {
  /** Unspecified (`::`) in a probe for duplicates, RFC 4862 §5.4.2. */
  readonly source: Ip;
  readonly destination: Ip;
  readonly message: NeighborSolicitation | NeighborAdvertisement;
}

/**
 * Reads an IPv6 packet, as the payload of an Ethernet frame has it, and checks all that RFC 4861 §7.1.1 and §7.1.2 ask.
 * Of several options of one type the first counts, as in Linux.
 *
 * @throws {MalformedError} when it is cut short, is no such message, or breaks one of those rules
 */
export function parseNdp(packet: Uint8Array): NdpPacket {
  const ipv6 = parseIpv6(packet);
  const { source, destination } = ipv6;
  const reader = new ByteReader("NDP packet", ipv6.payload);
  expectHeader(reader, ipv6);
  const type = reader.u8("type");
  const code = reader.u8("code");
  reader.u16("checksum");
  const flags = reader.u32("flags");
  const target = ipv6From(reader, "target");
  if (code !== 0) {
    throw reader.malformed(`code is ${code}, not 0`);
  }
  if (isMulticast(target)) {
    throw reader.malformed("target is a multicast address");
  }
  const options = optionsFrom(reader);
  switch (type) {
    case NdpType.solicitation: {
      const sourceMac = macFrom(reader, options.get(NdpOption.sourceLinkLayer));
      expectProbeRules(reader, ipv6, sourceMac);
      const nonce = options.get(NdpOption.nonce);
      return { source, destination, message: { type, target, sourceMac, nonce } };
    }
    case NdpType.advertisement: {
      const targetMac = macFrom(reader, options.get(NdpOption.targetLinkLayer));
      const message = { type, target, targetMac, ...flagsFrom(flags) };
      if (message.isSolicited && isMulticast(destination)) {
        throw reader.malformed("it is to a group, and says that it was solicited");
      }
      return { source, destination, message };
    }
    default:
      throw reader.malformed(
        `type is ${type}, not ${NdpType.solicitation} or ${NdpType.advertisement}`,
      );
  }
}

/**
 * Writes an IPv6 packet, with its checksum.
 *
 * @throws {RangeError} when the nonce does not fill an option
 */
export function formatNdp({ source, destination, message }: NdpPacket): Uint8Array {
  const options = formatOptions(message);
  const payload = new ByteWriter(FIXED_LENGTH + options.length)
    .u8(message.type)
    .u8(0)
    .u16(0)
    .u32(message.type === NdpType.advertisement ? flagsOf(message) : 0)
    .u128(message.target.value)
    .bytes(options)
    .written();
  const checksum = icmpv6Checksum(source, destination, payload);
  payload.set(new ByteWriter(2).u16(checksum).written(), CHECKSUM_OFFSET);
  return formatIpv6({
    nextHeader: ICMPV6,
    hopLimit: NDP_HOP_LIMIT,
    source,
    destination,
    payload,
  });
}

/** The group to which solicitations for the address are sent, RFC 4291 §2.7.1. */
export function solicitedNodeGroup(ip: Ip): Ip {
  return { family: "IPv6", value: SOLICITED_NODE_PREFIX | BigInt.asUintN(24, ip.value) };
}

/** The Ethernet address of an IPv6 group, RFC 2464 §7. */
export function multicastMac(group: Ip): Mac {
  return macFromBytes(
    new ByteWriter(MAC_LENGTH)
      .u16(0x3333)
      .u32(Number(BigInt.asUintN(32, group.value)))
      .written(),
  );
}

function expectHeader(reader: ByteReader, packet: Ipv6Packet): void {
  const { nextHeader, hopLimit, source, destination, payload } = packet;
  if (nextHeader !== ICMPV6) {
    throw reader.malformed(`next header is ${nextHeader}, not ${ICMPV6}`);
  }
  if (hopLimit !== NDP_HOP_LIMIT) {
    throw reader.malformed(`hop limit is ${hopLimit}, not ${NDP_HOP_LIMIT}`);
  }
  if (icmpv6Checksum(source, destination, payload) !== 0) {
    throw reader.malformed("checksum is wrong");
  }
}

function optionsFrom(reader: ByteReader): ReadonlyMap<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const type = reader.u8("option type");
    const length = reader.u8("option length");
    if (length === 0) {
      throw reader.malformed(`option ${type} has length 0`);
    }
    const value = reader.bytes(length * OPTION_UNIT - OPTION_HEADER_LENGTH, `option ${type}`);
    if (!options.has(type)) {
      options.set(type, value);
    }
  }
  return options;
}

function macFrom(reader: ByteReader, option: Uint8Array | undefined): Mac | undefined {
  if (option !== undefined && option.length !== MAC_LENGTH) {
    throw reader.malformed(`link-layer address has ${option.length} bytes, not ${MAC_LENGTH}`);
  }
  return option === undefined ? undefined : macFromBytes(option);
}

function expectProbeRules(
  reader: ByteReader,
  { source, destination }: Ipv6Packet,
  sourceMac: Mac | undefined,
): void {
  if (source.value !== 0n) {
    return;
  }
  if (destination.value !== solicitedNodeGroup(destination).value) {
    throw reader.malformed("it is from :: and not to a solicited-node group");
  }
  if (sourceMac !== undefined) {
    throw reader.malformed("it is from :: and has a source link-layer address");
  }
}

function flagsFrom(
  flags: number,
): Pick<NeighborAdvertisement, "isRouter" | "isSolicited" | "isOverride"> {
  return {
    isRouter: (flags & NdpFlag.router) !== 0,
    isSolicited: (flags & NdpFlag.solicited) !== 0,
    isOverride: (flags & NdpFlag.override) !== 0,
  };
}

function flagsOf({ isRouter, isSolicited, isOverride }: NeighborAdvertisement): number {
  return (
    (isRouter ? NdpFlag.router : 0) +
    (isSolicited ? NdpFlag.solicited : 0) +
    (isOverride ? NdpFlag.override : 0)
  );
}

function formatOptions(message: NeighborSolicitation | NeighborAdvertisement): Uint8Array {
  if (message.type === NdpType.advertisement) {
    return formatOption(NdpOption.targetLinkLayer, bytesOf(message.targetMac));
  }
  return Uint8Array.of(
    ...formatOption(NdpOption.sourceLinkLayer, bytesOf(message.sourceMac)),
    ...formatOption(NdpOption.nonce, message.nonce),
  );
}

function formatOption(type: number, value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) {
    return new Uint8Array(0);
  }
  const length = OPTION_HEADER_LENGTH + value.length;
  if (length % OPTION_UNIT !== 0 || length > 255 * OPTION_UNIT) {
    throw new RangeError(`Cannot write option ${type} of ${value.length} bytes`);
  }
  return new ByteWriter(length)
    .u8(type)
    .u8(length / OPTION_UNIT)
    .bytes(value)
    .written();
}

function bytesOf(mac: Mac | undefined): Uint8Array | undefined {
  return mac === undefined ? undefined : macToBytes(mac);
}
