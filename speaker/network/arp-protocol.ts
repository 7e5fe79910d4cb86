import { arpFilter, arpFilterForAny } from "#lib/linux/address-filter.ts";
import type { Instruction } from "#lib/linux/bpf.ts";
import { EtherType } from "#lib/wire/ethernet.ts";
import { type Mac, macToBytes } from "#lib/wire/mac.ts";
import { ARP_FRAME_LENGTH, ArpAnswerer } from "./arp-answerer.ts";
import type { HeardAddress } from "./heard-address.ts";
import type { NextFrame } from "./outgoing.ts";
import type { Host, Protocol } from "./protocol.ts";
import {
  FRAMES_PER_ANNOUNCEMENT,
  writeAnnouncement,
  writeNotice,
  writeProbe,
} from "./unasked-arp.ts";

/** A switch or a client may have missed the first; a router may hold what it knew for a second. */
const ANNOUNCE_AT_MS = [0, 100, 300, 1_000, 3_000] as const;

/** ARP, RFC 826, with the announcements and probes of RFC 5227. */
export class ArpProtocol implements Protocol {
  readonly family = "IPv4";
  readonly etherType = EtherType.arp;
  readonly answerer = new ArpAnswerer();
  readonly addressLength = 4;
  readonly announceAtMs = ANNOUNCE_AT_MS;
  readonly framesPerAnnouncement = FRAMES_PER_ANNOUNCEMENT;
  readonly frameLength = ARP_FRAME_LENGTH;
  #mac: Uint8Array = new Uint8Array();

  filter(maxIntervals: number | undefined): readonly Instruction[] {
    return maxIntervals === undefined
      ? arpFilterForAny()
      : arpFilter(this.answerer.addresses.keys().map(unsigned), maxIntervals);
  }

  hear(address: HeardAddress): void {
    this.answerer.addresses.set(integerOf(address), address);
  }

  forget(address: HeardAddress): void {
    this.answerer.addresses.delete(integerOf(address));
  }

  setMac(mac: Mac): void {
    this.#mac = macToBytes(mac);
    this.answerer.setMac(mac);
  }

  writeAnnouncement(next: NextFrame, address: HeardAddress): number {
    writeAnnouncement(next, integerOf(address), this.#mac);
    return FRAMES_PER_ANNOUNCEMENT;
  }

  writeNotice(next: NextFrame, address: HeardAddress, { ip, mac }: Host): void {
    const host = { ip: Number(ip.value), mac: macToBytes(mac) };
    writeNotice(next, integerOf(address), this.#mac, host);
  }

  writeProbe(next: NextFrame, address: HeardAddress): void {
    writeProbe(next, integerOf(address), this.#mac);
  }

  writeQuestion(next: NextFrame, address: HeardAddress, to: Mac): void {
    writeProbe(next, integerOf(address), this.#mac, macToBytes(to));
  }
}

/** Signed, of 32 bits. */
function integerOf({ value }: HeardAddress): number {
  return Number(value.value) | 0;
}

function unsigned(value: number): number {
  return value >>> 0;
}
