import { randomBytes } from "node:crypto";
import type { Ip } from "#lib/address/ip.ts";
import { ndpFilter, ndpFilterForAny } from "#lib/linux/address-filter.ts";
import type { Instruction } from "#lib/linux/bpf.ts";
import { EtherType } from "#lib/wire/ethernet.ts";
import { type Mac, macToBytes } from "#lib/wire/mac.ts";
import type { HeardAddress } from "./heard-address.ts";
import { NdpAnswerer } from "./ndp-answerer.ts";
import type { NextFrame } from "./outgoing.ts";
import type { Host, Protocol } from "./protocol.ts";
import {
  FRAMES_PER_ANNOUNCEMENT,
  UNASKED_NDP_LENGTH,
  writeAnnouncement,
  writeNotice,
  writeQuestion,
  writeToRouters,
} from "./unasked-ndp.ts";

/** RFC 4861 §7.2.6 allows three at intervals of a second; the second of ours is for whoever missed the first. */
const ANNOUNCE_AT_MS = [0, 100, 1_000, 2_000] as const;

/** Bytes; RFC 3971 §5.3.2 wants 6 at least. */
const NONCE_LENGTH = 6;

/** Neighbor Discovery, RFC 4861. */
export class NdpProtocol implements Protocol {
  readonly family = "IPv6";
  readonly etherType = EtherType.ipv6;
  readonly answerer = new NdpAnswerer();
  readonly addressLength = 16;
  readonly announceAtMs = ANNOUNCE_AT_MS;
  readonly framesPerAnnouncement = FRAMES_PER_ANNOUNCEMENT;
  readonly frameLength = UNASKED_NDP_LENGTH;
  /** Of this node's own probes on the link. */
  readonly nonce: Uint8Array = randomBytes(NONCE_LENGTH);
  #mac: Uint8Array = new Uint8Array();
  #linkLocal: Ip | undefined;

  constructor() {
    this.answerer.setOwnNonce(this.nonce);
  }

  filter(maxIntervals: number | undefined): readonly Instruction[] {
    return maxIntervals === undefined
      ? ndpFilterForAny()
      : ndpFilter(this.answerer.addresses.lowWords(), maxIntervals);
  }

  hear(address: HeardAddress): void {
    this.answerer.addresses.set(address.value, address);
  }

  forget(address: HeardAddress): void {
    this.answerer.addresses.delete(address.value);
  }

  setMac(mac: Mac): void {
    this.#mac = macToBytes(mac);
    this.answerer.setMac(mac);
  }

  /** Sets the address of the link that answers and announcements come from; undefined: there are none until it is there. */
  setSource(linkLocal: Ip | undefined): void {
    this.#linkLocal = linkLocal;
    this.answerer.setSource(linkLocal);
  }

  get hasSource(): boolean {
    return this.#linkLocal !== undefined;
  }

  writeAnnouncement(next: NextFrame, { value }: HeardAddress, isFirst: boolean): number {
    if (this.#linkLocal === undefined) {
      return 0;
    }
    const sender = { mac: this.#mac, linkLocal: this.#linkLocal };
    writeAnnouncement(next, value, sender);
    if (!isFirst) {
      return FRAMES_PER_ANNOUNCEMENT;
    }
    writeToRouters(next, value, sender);
    return FRAMES_PER_ANNOUNCEMENT + 1;
  }

  writeNotice(next: NextFrame, { value }: HeardAddress, { ip, mac }: Host): void {
    writeNotice(next, value, this.#mac, { ip, mac: macToBytes(mac) });
  }

  writeQuestion(next: NextFrame, { value }: HeardAddress, to: Mac): void {
    if (this.#linkLocal !== undefined) {
      writeQuestion(next, value, { mac: this.#mac, linkLocal: this.#linkLocal }, macToBytes(to));
    }
  }
}
