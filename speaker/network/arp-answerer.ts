/**
 * Decides on ARP frames and writes the answers, on the bytes in place: this is what runs for every frame. It does
 * nothing that `#lib/wire/arp.ts` does not say more readably, and a test holds the two equal.
 */

import { type Mac, macToBytes } from "#lib/wire/mac.ts";
import type { Answerer } from "./answerer.ts";
import { type HeardAddress, Stance } from "./heard-address.ts";
import { Verdict } from "./verdict.ts";

/** An Ethernet header and an ARP packet, without padding. */
export const ARP_FRAME_LENGTH = 42;

/** EtherType ARP, then hardware type Ethernet or IEEE 802. */
const ARP_ETHERNET = 0x0806_0001;
const ARP_IEEE802 = 0x0806_0006;
/** Protocol type IPv4, then the lengths of a MAC and of an IPv4 address. */
const IPV4_LENGTHS = 0x0800_0604;
const REQUEST = 1;
const REPLY = 2;
const GROUP_BIT = 0x01;

/** Offsets in the frame; a MAC address is read as 16 and 32 bits. */
const AT = {
  destination: 0,
  source: 6,
  hardware: 12,
  protocol: 16,
  operation: 20,
  senderMac: 22,
  senderIp: 28,
  targetMac: 32,
  targetIp: 38,
};

export class ArpAnswerer implements Answerer {
  readonly replyLength = ARP_FRAME_LENGTH;
  /** By the address as a *signed* integer of 32 bits, which V8 keeps without a box. */
  readonly addresses = new Map<number, HeardAddress>();
  lastHeard: HeardAddress | undefined;
  senderIpAt = 0;
  senderMacAt = 0;
  #macHigh = 0;
  #macLow = 0;

  setMac(mac: Mac): void {
    const view = new DataView(macToBytes(mac).buffer);
    this.#macHigh = view.getUint16(0);
    this.#macLow = view.getUint32(2);
  }

  answer(
    frames: DataView,
    start: number,
    length: number,
    replies: DataView,
    replyStart: number,
  ): Verdict {
    this.lastHeard = undefined;
    this.senderIpAt = start + AT.senderIp;
    this.senderMacAt = start + AT.senderMac;
    const refusal = this.#refusalOf(frames, start, length);
    if (refusal !== undefined) {
      return refusal;
    }
    const claimed = this.addresses.get(frames.getInt32(start + AT.senderIp));
    if (claimed !== undefined && claimed.stance !== Stance.watch) {
      this.lastHeard = claimed;
      return Verdict.conflict;
    }
    const asked = this.addresses.get(frames.getInt32(start + AT.targetIp));
    if (
      asked === undefined ||
      asked.stance === Stance.peer ||
      frames.getUint16(start + AT.operation) !== REQUEST
    ) {
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
    return Verdict.answer;
  }

  #refusalOf(frames: DataView, start: number, length: number): Verdict | undefined {
    if (length < ARP_FRAME_LENGTH) {
      return Verdict.tooShort;
    }
    const hardware = frames.getUint32(start + AT.hardware);
    if (
      (hardware !== ARP_ETHERNET && hardware !== ARP_IEEE802) ||
      frames.getUint32(start + AT.protocol) !== IPV4_LENGTHS
    ) {
      return Verdict.notEthernetIpv4;
    }
    const operation = frames.getUint16(start + AT.operation);
    if (operation !== REQUEST && operation !== REPLY) {
      return Verdict.otherOperation;
    }
    if (!isBroadcast(frames, start) && !this.#isOwnMac(frames, start + AT.destination)) {
      return Verdict.toAnother;
    }
    const sender = start + AT.senderMac;
    if ((frames.getUint8(sender) & GROUP_BIT) !== 0 || this.#isOwnMac(frames, sender)) {
      return Verdict.badSender;
    }
    return undefined;
  }

  #isOwnMac(frames: DataView, at: number): boolean {
    return frames.getUint16(at) === this.#macHigh && frames.getUint32(at + 2) === this.#macLow;
  }

  #writeReply(
    asked: HeardAddress,
    frames: DataView,
    start: number,
    replies: DataView,
    to: number,
  ): void {
    const askerHigh = frames.getUint16(start + AT.senderMac);
    const askerLow = frames.getUint32(start + AT.senderMac + 2);
    replies.setUint16(to + AT.destination, askerHigh);
    replies.setUint32(to + AT.destination + 2, askerLow);
    replies.setUint16(to + AT.source, this.#macHigh);
    replies.setUint32(to + AT.source + 2, this.#macLow);
    replies.setUint32(to + AT.hardware, ARP_ETHERNET);
    replies.setUint32(to + AT.protocol, IPV4_LENGTHS);
    replies.setUint16(to + AT.operation, REPLY);
    replies.setUint16(to + AT.senderMac, asked.voice?.high ?? this.#macHigh);
    replies.setUint32(to + AT.senderMac + 2, asked.voice?.low ?? this.#macLow);
    replies.setUint32(to + AT.senderIp, frames.getUint32(start + AT.targetIp));
    replies.setUint16(to + AT.targetMac, askerHigh);
    replies.setUint32(to + AT.targetMac + 2, askerLow);
    replies.setUint32(to + AT.targetIp, frames.getUint32(start + AT.senderIp));
  }
}

function isBroadcast(frames: DataView, start: number): boolean {
  return (
    frames.getUint16(start + AT.destination) === 0xffff &&
    frames.getUint32(start + AT.destination + 2) === 0xffff_ffff
  );
}
