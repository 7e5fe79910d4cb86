/**
 * Decides on NDP frames and writes the answers, on the bytes in place: this is what runs for every frame. It does
 * nothing that `#lib/wire/ndp.ts` does not say more readably, and a test holds the two equal.
 */

import type { Ip } from "#lib/address/ip.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { ICMPV6 } from "#lib/wire/checksum.ts";
import { type Mac, macToBytes } from "#lib/wire/mac.ts";
import { ALL_NODES, NDP_HOP_LIMIT, NdpFlag, NdpOption, NdpType } from "#lib/wire/ndp.ts";
import type { Answerer } from "./answerer.ts";
import { type HeardAddress, Stance } from "./heard-address.ts";
import { Ipv6Table } from "./ipv6-table.ts";
import {
  NDP_AT as AT,
  isProbe,
  refusalOfHeaders,
  refusalOfMessage,
  writeChecksum,
} from "./ndp-frame.ts";
import { Verdict } from "./verdict.ts";

/** An Ethernet header, an IPv6 header, and an advertisement with the target's link-layer address. */
export const NA_FRAME_LENGTH = 86;

/** EtherType IPv6, version 6, and a traffic class of zero. */
const IPV6_START = 0x86dd_6000;
/** Payload length, next header, hop limit. */
const NA_LENGTH_AND_LIMIT = (32 << 16) | (ICMPV6 << 8) | NDP_HOP_LIMIT;
/** Type and code. */
const NA_TYPE = NdpType.advertisement << 8;
/** Type and length of the option. */
const TARGET_LINK_LAYER = (NdpOption.targetLinkLayer << 8) | 1;

const GROUP_BIT = 0x01;
/** What the MAC address of every IPv6 group begins with; it ends with the low bits of the group: RFC 2464 §7. */
const MULTICAST_MAC = 0x3333;
const ALL_NODES_VIEW = viewOfIp(ALL_NODES);

const OPTION_UNIT = 8;
const OPTION_HEADER_LENGTH = 2;
/** No offset and no 16 bits of a nonce. */
const NONE = -1;

export class NdpAnswerer implements Answerer {
  readonly replyLength = NA_FRAME_LENGTH;
  readonly addresses = new Ipv6Table<HeardAddress>();
  lastHeard: HeardAddress | undefined;
  senderIpAt = 0;
  senderMacAt = 0;
  #macHigh = 0;
  #macLow = 0;
  #source: DataView | undefined;
  #nonceHigh = NONE;
  #nonceLow = NONE;
  /** Where the values of options are in the last frame. */
  #linkLayerAt = NONE;
  #nonceAt = NONE;

  setMac(mac: Mac): void {
    const view = new DataView(macToBytes(mac).buffer);
    this.#macHigh = view.getUint16(0);
    this.#macLow = view.getUint32(2);
  }

  /**
   * Sets the link-local address of the link, from which probes are answered, to all nodes. Who has an address is answered
   * from the one that it asks for, as by every Linux host: ndisc6, with which people look, passes over any other.
   */
  setSource(linkLocal: Ip | undefined): void {
    this.#source = linkLocal && viewOfIp(linkLocal);
  }

  /**
   * Sets the nonce of our own probes, by which those are known that the network sends back: RFC 7527 §4.2.
   *
   * @param nonce 6 bytes
   */
  setOwnNonce(nonce: Uint8Array | undefined): void {
    const view = nonce && viewOf(nonce);
    this.#nonceHigh = view?.getUint16(0) ?? NONE;
    this.#nonceLow = view?.getUint32(2) ?? NONE;
  }

  answer(
    frames: DataView,
    start: number,
    length: number,
    replies: DataView,
    replyStart: number,
  ): Verdict {
    this.lastHeard = undefined;
    this.senderIpAt = start + AT.source;
    this.senderMacAt = start + AT.sourceMac;
    const refusal = this.#refusalOf(frames, start, length);
    if (refusal !== undefined) {
      return refusal;
    }
    const isSolicitation = frames.getUint8(start + AT.type) === NdpType.solicitation;
    const claimed = this.addresses.find(frames, start + (isSolicitation ? AT.source : AT.target));
    if (claimed !== undefined && claimed.stance !== Stance.watch) {
      this.lastHeard = claimed;
      return Verdict.conflict;
    }
    const asked = isSolicitation ? this.addresses.find(frames, start + AT.target) : undefined;
    if (asked === undefined || asked.stance === Stance.peer) {
      return Verdict.notOurs;
    }
    this.lastHeard = asked;
    if (asked.stance === Stance.watch) {
      return Verdict.notOurs;
    }
    if (asked.stance === Stance.listen) {
      return Verdict.heard;
    }
    this.#writeReply(asked, frames, start, replies, replyStart);
    replies.setUint32(
      replyStart + AT.flags,
      (isProbe(frames, start) ? 0 : NdpFlag.solicited) +
        (asked.stance === Stance.own ? NdpFlag.override : 0),
    );
    writeChecksum(replies, replyStart);
    return Verdict.answer;
  }

  #refusalOf(frames: DataView, start: number, length: number): Verdict | undefined {
    return (
      refusalOfHeaders(frames, start, length) ??
      this.#refusalOfMacs(frames, start) ??
      refusalOfMessage(frames, start) ??
      this.#refusalOfOptions(frames, start) ??
      this.#refusalOfSender(frames, start)
    );
  }

  #refusalOfMacs(frames: DataView, start: number): Verdict | undefined {
    const destination = start + AT.destinationMac;
    if (frames.getUint16(destination) !== MULTICAST_MAC && !this.#isOwnMac(frames, destination)) {
      return Verdict.toAnother;
    }
    return this.#isBadMac(frames, start + AT.sourceMac) ? Verdict.badSender : undefined;
  }

  #refusalOfOptions(frames: DataView, start: number): Verdict | undefined {
    this.#linkLayerAt = NONE;
    this.#nonceAt = NONE;
    const linkLayer =
      frames.getUint8(start + AT.type) === NdpType.solicitation
        ? NdpOption.sourceLinkLayer
        : NdpOption.targetLinkLayer;
    const end = start + AT.type + frames.getUint16(start + AT.payloadLength);
    let length = 0;
    for (let at = start + AT.options; at < end; at += length) {
      length = at + 1 < end ? frames.getUint8(at + 1) * OPTION_UNIT : 0;
      if (length === 0 || at + length > end || !this.#noteOption(frames, at, length, linkLayer)) {
        return Verdict.badOption;
      }
    }
    return undefined;
  }

  /** Notes the first option of each type that counts, and returns false when it has another length than it must. */
  #noteOption(frames: DataView, at: number, length: number, linkLayer: number): boolean {
    const type = frames.getUint8(at);
    if (type === NdpOption.nonce && this.#nonceAt === NONE) {
      this.#nonceAt = at + OPTION_HEADER_LENGTH;
    }
    if (type === linkLayer && this.#linkLayerAt === NONE) {
      this.#linkLayerAt = at + OPTION_HEADER_LENGTH;
      return length === OPTION_UNIT;
    }
    return true;
  }

  #refusalOfSender(frames: DataView, start: number): Verdict | undefined {
    if (frames.getUint8(start + AT.type) === NdpType.solicitation && isProbe(frames, start)) {
      if (this.#linkLayerAt !== NONE) {
        return Verdict.badOption;
      }
      return this.#isOwnNonce(frames, this.#nonceAt) ? Verdict.badSender : undefined;
    }
    if (this.#linkLayerAt === NONE) {
      return undefined;
    }
    this.senderMacAt = this.#linkLayerAt;
    return this.#isBadMac(frames, this.senderMacAt) ? Verdict.badSender : undefined;
  }

  #isBadMac(frames: DataView, at: number): boolean {
    return (frames.getUint8(at) & GROUP_BIT) !== 0 || this.#isOwnMac(frames, at);
  }

  #isOwnMac(frames: DataView, at: number): boolean {
    return frames.getUint16(at) === this.#macHigh && frames.getUint32(at + 2) === this.#macLow;
  }

  #isOwnNonce(frames: DataView, at: number): boolean {
    return (
      at !== NONE &&
      frames.getUint16(at) === this.#nonceHigh &&
      frames.getUint32(at + 2) === this.#nonceLow
    );
  }

  /** Writes all but flags and checksum. */
  #writeReply(
    asked: HeardAddress,
    frames: DataView,
    start: number,
    replies: DataView,
    to: number,
  ): void {
    replies.setUint16(to + AT.sourceMac, this.#macHigh);
    replies.setUint32(to + AT.sourceMac + 2, this.#macLow);
    replies.setUint32(to + AT.etherType, IPV6_START);
    replies.setUint16(to + AT.etherType + 4, 0);
    replies.setUint32(to + AT.payloadLength, NA_LENGTH_AND_LIMIT);
    if (isProbe(frames, start)) {
      // who has no address yet cannot be told alone: RFC 4861 §7.2.4
      replies.setUint16(to + AT.destinationMac, MULTICAST_MAC);
      replies.setUint32(to + AT.destinationMac + 2, ALL_NODES_VIEW.getUint32(12));
      copyIp(ALL_NODES_VIEW, 0, replies, to + AT.destination);
      if (this.#source === undefined) {
        copyIp(frames, start + AT.target, replies, to + AT.source);
      } else {
        copyIp(this.#source, 0, replies, to + AT.source);
      }
    } else {
      replies.setUint16(to + AT.destinationMac, frames.getUint16(this.senderMacAt));
      replies.setUint32(to + AT.destinationMac + 2, frames.getUint32(this.senderMacAt + 2));
      copyIp(frames, start + AT.source, replies, to + AT.destination);
      copyIp(frames, start + AT.target, replies, to + AT.source);
    }
    replies.setUint16(to + AT.type, NA_TYPE);
    copyIp(frames, start + AT.target, replies, to + AT.target);
    replies.setUint16(to + AT.options, TARGET_LINK_LAYER);
    replies.setUint16(to + AT.options + OPTION_HEADER_LENGTH, asked.voice?.high ?? this.#macHigh);
    replies.setUint32(to + AT.options + OPTION_HEADER_LENGTH + 2, asked.voice?.low ?? this.#macLow);
  }
}

function copyIp(from: DataView, fromAt: number, to: DataView, toAt: number): void {
  for (let word = 0; word < 16; word += 4) {
    to.setInt32(toAt + word, from.getInt32(fromAt + word));
  }
}

function viewOfIp(ip: Ip): DataView {
  return viewOf(new ByteWriter(16).u128(ip.value).written());
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
