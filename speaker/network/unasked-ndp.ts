/** The NDP frames that this node sends unasked, written in place: thousands of them at once when a node has died. */

import type { Ip } from "#lib/address/ip.ts";
import { ICMPV6 } from "#lib/wire/checksum.ts";
import { EtherType } from "#lib/wire/ethernet.ts";
import { macToBytes } from "#lib/wire/mac.ts";
import {
  ALL_NODES,
  ALL_ROUTERS,
  multicastMac,
  NDP_HOP_LIMIT,
  NdpFlag,
  NdpOption,
  NdpType,
} from "#lib/wire/ndp.ts";
import { NDP_AT, writeChecksum } from "./ndp-frame.ts";
import type { NextFrame } from "./outgoing.ts";

/** Bytes of every frame here: the headers, the message, and one link-layer address option. */
export const UNASKED_NDP_LENGTH = 86;

const VERSION_6 = 0x6000_0000;
/** Of the message and its option. */
const PAYLOAD_LENGTH = 32;
/** In units of 8 bytes. */
const OPTION_UNITS = 1;

const ALL_NODES_MAC = macToBytes(multicastMac(ALL_NODES));
const ALL_ROUTERS_MAC = macToBytes(multicastMac(ALL_ROUTERS));

/** What varies in them. */
interface Fields {
  readonly toMac: Uint8Array;
  readonly mac: Uint8Array;
  readonly source: Ip;
  readonly destination: Ip;
  readonly type: number;
  readonly flags: number;
  readonly target: Ip;
  readonly option: number;
}

/** Frames of one announcement. */
export const FRAMES_PER_ANNOUNCEMENT = 1;

/** The MAC address, and the link-local address that answers come from. */
export interface Sender {
  readonly mac: Uint8Array;
  readonly linkLocal: Ip;
}

/** Writes the unsolicited advertisement of RFC 4861 §7.2.6, which overrides what the nodes of the link knew. */
export function writeAnnouncement(next: NextFrame, ip: Ip, { linkLocal, mac }: Sender): void {
  write(next, {
    toMac: ALL_NODES_MAC,
    mac,
    source: linkLocal,
    destination: ALL_NODES,
    type: NdpType.advertisement,
    flags: NdpFlag.override,
    target: ip,
    option: NdpOption.targetLinkLayer,
  });
}

/** Writes the advertisement by which routers learn of an address before they need it, RFC 9131 §6.1.2. */
export function writeToRouters(next: NextFrame, ip: Ip, { linkLocal, mac }: Sender): void {
  write(next, {
    toMac: ALL_ROUTERS_MAC,
    mac,
    source: linkLocal,
    destination: ALL_ROUTERS,
    type: NdpType.advertisement,
    flags: 0,
    target: ip,
    option: NdpOption.targetLinkLayer,
  });
}

/**
 * Writes a solicitation to one host from the address: Linux takes the MAC address from it at once, with
 * `drop_unsolicited_na` too.
 */
export function writeNotice(
  next: NextFrame,
  ip: Ip,
  mac: Uint8Array,
  host: { readonly ip: Ip; readonly mac: Uint8Array },
): void {
  write(next, {
    toMac: host.mac,
    mac,
    source: ip,
    destination: host.ip,
    type: NdpType.solicitation,
    flags: 0,
    target: host.ip,
    option: NdpOption.sourceLinkLayer,
  });
}

/**
 * Writes the solicitation that asks one host alone for an address that it is believed to have, as the probe of RFC 4861
 * §7.3.3 does: from an address of this node, for a host that is asked from `::` tells all nodes.
 */
export function writeQuestion(
  next: NextFrame,
  ip: Ip,
  { linkLocal, mac }: Sender,
  to: Uint8Array,
): void {
  write(next, {
    toMac: to,
    mac,
    source: linkLocal,
    destination: ip,
    type: NdpType.solicitation,
    flags: 0,
    target: ip,
    option: NdpOption.sourceLinkLayer,
  });
}

function write(next: NextFrame, fields: Fields): void {
  const { bytes, view, at } = next();
  bytes.set(fields.toMac, at + NDP_AT.destinationMac);
  bytes.set(fields.mac, at + NDP_AT.sourceMac);
  view.setUint16(at + NDP_AT.etherType, EtherType.ipv6);
  view.setUint32(at + NDP_AT.etherType + 2, VERSION_6);
  view.setUint16(at + NDP_AT.payloadLength, PAYLOAD_LENGTH);
  view.setUint8(at + NDP_AT.nextHeader, ICMPV6);
  view.setUint8(at + NDP_AT.hopLimit, NDP_HOP_LIMIT);
  writeIp(view, at + NDP_AT.source, fields.source);
  writeIp(view, at + NDP_AT.destination, fields.destination);
  view.setUint16(at + NDP_AT.type, fields.type << 8);
  view.setUint32(at + NDP_AT.flags, fields.flags);
  writeIp(view, at + NDP_AT.target, fields.target);
  view.setUint8(at + NDP_AT.options, fields.option);
  view.setUint8(at + NDP_AT.options + 1, OPTION_UNITS);
  bytes.set(fields.mac, at + NDP_AT.options + 2);
  writeChecksum(view, at);
}

function writeIp(view: DataView, at: number, { value }: Ip): void {
  view.setBigUint64(at, value >> 64n);
  view.setBigUint64(at + 8, BigInt.asUintN(64, value));
}
