/** Neighbor Solicitations and Advertisements in place, in Ethernet frames: where things are, and RFC 4861 §7.1. */

import { FRAME_STRIDE } from "#lib/linux/frame-batch.ts";
import { checksumOf, ICMPV6, sumOfWords } from "#lib/wire/checksum.ts";
import { EtherType } from "#lib/wire/ethernet.ts";
import { NDP_HOP_LIMIT, NdpFlag, NdpType } from "#lib/wire/ndp.ts";
import { Verdict } from "./verdict.ts";

/** Offsets in the frame; a MAC address is read as 16 and 32 bits, an IPv6 address as four times 32. */
export const NDP_AT = {
  destinationMac: 0,
  sourceMac: 6,
  etherType: 12,
  payloadLength: 18,
  nextHeader: 20,
  hopLimit: 21,
  source: 22,
  destination: 38,
  type: 54,
  code: 55,
  checksum: 56,
  flags: 58,
  target: 62,
  options: 78,
} as const;

const PAYLOAD_START = NDP_AT.type;
const MIN_PAYLOAD_LENGTH = NDP_AT.options - PAYLOAD_START;

const MULTICAST = 0xff;
/** The words of ff02::1:ff00:0/104. */
const SOLICITED_NODE = { first: 0xff02_0000, second: 0, third: 1, lowestPrefix: 0xff };

/** Of the first of the flag bytes. */
const SOLICITED_BIT = NdpFlag.solicited >>> 24;

/** Of a frame that is no solicitation and no advertisement from a host of the link, or is not there as a whole. */
export function refusalOfHeaders(
  frames: DataView,
  start: number,
  length: number,
): Verdict | undefined {
  if (length < NDP_AT.options) {
    return Verdict.tooShort;
  }
  if (
    frames.getUint16(start + NDP_AT.etherType) !== EtherType.ipv6 ||
    frames.getUint8(start + NDP_AT.etherType + 2) >> 4 !== 6 ||
    frames.getUint8(start + NDP_AT.nextHeader) !== ICMPV6
  ) {
    return Verdict.notIcmpv6;
  }
  const type = frames.getUint8(start + NDP_AT.type);
  if (type !== NdpType.solicitation && type !== NdpType.advertisement) {
    return Verdict.otherOperation;
  }
  if (frames.getUint8(start + NDP_AT.hopLimit) !== NDP_HOP_LIMIT) {
    return Verdict.badHopLimit;
  }
  const payloadLength = frames.getUint16(start + NDP_AT.payloadLength);
  if (payloadLength < MIN_PAYLOAD_LENGTH || PAYLOAD_START + payloadLength > length) {
    return Verdict.tooShort;
  }
  return PAYLOAD_START + payloadLength > FRAME_STRIDE ? Verdict.tooLong : undefined;
}

/** Of a message that was altered on its way, or breaks a rule of RFC 4861 §7.1 other than those on options. */
export function refusalOfMessage(frames: DataView, start: number): Verdict | undefined {
  if (checksumOf(sumOf(frames, start)) !== 0) {
    return Verdict.badChecksum;
  }
  if (isMulticast(frames, start + NDP_AT.source)) {
    return Verdict.badSender;
  }
  if (frames.getUint8(start + NDP_AT.code) !== 0 || isMulticast(frames, start + NDP_AT.target)) {
    return Verdict.badSolicitation;
  }
  const isWrong =
    frames.getUint8(start + NDP_AT.type) === NdpType.solicitation
      ? isProbe(frames, start) && !isToSolicitedNode(frames, start)
      : (frames.getUint8(start + NDP_AT.flags) & SOLICITED_BIT) !== 0 &&
        isMulticast(frames, start + NDP_AT.destination);
  return isWrong ? Verdict.badSolicitation : undefined;
}

/** Whether the frame comes from the unspecified address, as a probe for duplicates does: RFC 4862 §5.4.2. */
export function isProbe(frames: DataView, start: number): boolean {
  const source = start + NDP_AT.source;
  return (
    frames.getInt32(source) === 0 &&
    frames.getInt32(source + 4) === 0 &&
    frames.getInt32(source + 8) === 0 &&
    frames.getInt32(source + 12) === 0
  );
}

/** Puts the checksum into a frame that is otherwise complete. */
export function writeChecksum(frames: DataView, start: number): void {
  frames.setUint16(start + NDP_AT.checksum, 0);
  frames.setUint16(start + NDP_AT.checksum, checksumOf(sumOf(frames, start)));
}

/** Over the pseudo-header too, the addresses of which lie just before the message: RFC 8200 §8.1. */
function sumOf(frames: DataView, start: number): number {
  const payloadLength = frames.getUint16(start + NDP_AT.payloadLength);
  const addressesAndMessage = PAYLOAD_START - NDP_AT.source + payloadLength;
  return payloadLength + ICMPV6 + sumOfWords(frames, start + NDP_AT.source, addressesAndMessage);
}

function isMulticast(frames: DataView, at: number): boolean {
  return frames.getUint8(at) === MULTICAST;
}

function isToSolicitedNode(frames: DataView, start: number): boolean {
  const destination = start + NDP_AT.destination;
  return (
    frames.getUint32(destination) === SOLICITED_NODE.first &&
    frames.getUint32(destination + 4) === SOLICITED_NODE.second &&
    frames.getUint32(destination + 8) === SOLICITED_NODE.third &&
    frames.getUint8(destination + 12) === SOLICITED_NODE.lowestPrefix
  );
}
