/** The ARP frames that this node sends unasked, written in place: thousands of them at once when a node has died. */

import { EtherType } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC, macToBytes, ZERO_MAC } from "#lib/wire/mac.ts";
import type { NextFrame } from "./outgoing.ts";

const REQUEST = 1;
const REPLY = 2;
/** Hardware type Ethernet, and protocol type IPv4 with both lengths. */
const HARDWARE_ETHERNET = 1;
const IPV4_LENGTHS = 0x0800_0604;

const BROADCAST = macToBytes(BROADCAST_MAC);
const ZERO = macToBytes(ZERO_MAC);

/** What varies in them: MAC addresses as bytes, IPv4 addresses as integers of 32 bits. */
interface Fields {
  readonly to: Uint8Array;
  readonly operation: number;
  readonly senderMac: Uint8Array;
  readonly senderIp: number;
  readonly targetMac: Uint8Array;
  readonly targetIp: number;
}

/** Frames of one announcement. */
export const FRAMES_PER_ANNOUNCEMENT = 2;

/**
 * Writes the broadcast frames that tell a network where an address now is: the request of RFC 5227 §2.3, and a reply
 * whose target hardware address is the sender's. Linux takes both at once; a reply of any other form it ignores while its
 * entry for the address is younger than a second (`locktime`). Others take only one of the two.
 */
export function writeAnnouncement(next: NextFrame, ip: number, mac: Uint8Array): void {
  const fields = { to: BROADCAST, senderMac: mac, senderIp: ip, targetIp: ip };
  write(next, { ...fields, operation: REQUEST, targetMac: ZERO });
  write(next, { ...fields, operation: REPLY, targetMac: mac });
}

/** Writes a request to one host from the address: Linux takes the MAC address from it at once, with `drop_gratuitous_arp` too. */
export function writeNotice(
  next: NextFrame,
  ip: number,
  mac: Uint8Array,
  host: { readonly ip: number; readonly mac: Uint8Array },
): void {
  const { ip: targetIp, mac: to } = host;
  write(next, {
    to,
    operation: REQUEST,
    senderMac: mac,
    senderIp: ip,
    targetMac: ZERO,
    targetIp,
  });
}

/**
 * Writes an ARP probe, RFC 5227 §2.1.1: it asks for the address and claims nothing.
 *
 * @param to everybody, or a host that is believed to have the address
 */
export function writeProbe(next: NextFrame, ip: number, mac: Uint8Array, to = BROADCAST): void {
  write(next, {
    to,
    operation: REQUEST,
    senderMac: mac,
    senderIp: 0,
    targetMac: ZERO,
    targetIp: ip,
  });
}

function write(next: NextFrame, fields: Fields): void {
  const { bytes, view, at } = next();
  bytes.set(fields.to, at);
  bytes.set(fields.senderMac, at + 6);
  view.setUint16(at + 12, EtherType.arp);
  view.setUint16(at + 14, HARDWARE_ETHERNET);
  view.setUint32(at + 16, IPV4_LENGTHS);
  view.setUint16(at + 20, fields.operation);
  bytes.set(fields.senderMac, at + 22);
  view.setInt32(at + 28, fields.senderIp);
  bytes.set(fields.targetMac, at + 32);
  view.setInt32(at + 38, fields.targetIp);
}
