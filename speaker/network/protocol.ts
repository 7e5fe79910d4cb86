import type { Family, Ip } from "#lib/address/ip.ts";
import type { Instruction } from "#lib/linux/bpf.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { Answerer } from "./answerer.ts";
import type { HeardAddress } from "./heard-address.ts";
import type { NextFrame } from "./outgoing.ts";

/** A host that is to learn where an address now is. */
export interface Host {
  readonly ip: Ip;
  readonly mac: Mac;
}

/** What ARP and NDP do in ways of their own, on one link. */
export interface Protocol {
  /** Of the addresses that it is asked for. */
  readonly family: Family;
  readonly etherType: number;
  readonly answerer: Answerer;
  /** Bytes of an address. */
  readonly addressLength: 4 | 16;
  /** When an address is announced, milliseconds from the moment that it is taken on. */
  readonly announceAtMs: readonly number[];
  /** Of each of these announcements. */
  readonly framesPerAnnouncement: number;
  /** Bytes of every frame that is sent unasked. */
  readonly frameLength: number;

  /** Makes the filter of the socket for what is heard. @param maxIntervals undefined: passes whatever the addresses */
  filter(maxIntervals: number | undefined): readonly Instruction[];

  hear(address: HeardAddress): void;
  forget(address: HeardAddress): void;

  setMac(mac: Mac): void;

  /**
   * Writes the frames that tell everybody on the link where the address now is.
   *
   * @param isFirst of the announcements of that address
   * @returns how many frames
   */
  writeAnnouncement(next: NextFrame, address: HeardAddress, isFirst: boolean): number;
  /** Writes the one that asks everybody whether the address is in use, and claims nothing. */
  writeProbe?(next: NextFrame, address: HeardAddress): void;
  /** Writes the one that asks a single host, which is believed to have the address; none while there is nothing to ask from. */
  writeQuestion(next: NextFrame, address: HeardAddress, to: Mac): void;
  /** Writes the one that tells a single host, whether or not it listens to announcements. */
  writeNotice(next: NextFrame, address: HeardAddress, host: Host): void;
}
