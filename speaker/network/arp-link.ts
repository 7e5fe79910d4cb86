import { arpFilter } from "#lib/linux/bpf.ts";
import { BATCH_SIZE, FRAME_STRIDE, type FrameBatch } from "#lib/linux/frame-batch.ts";
import { PacketSocket } from "#lib/linux/packet-socket.ts";
import type { Log } from "#lib/log/log.ts";
import { MAC_LENGTH, type Mac, macFromBytes } from "#lib/wire/mac.ts";
import { announcementFrames, FRAMES_PER_ANNOUNCEMENT } from "./announcement.ts";
import { ANNOUNCE_AT_MS, AnnouncementSchedule, MAX_BURST } from "./announcement-schedule.ts";
import {
  Answerer,
  ARP_FRAME_LENGTH,
  SENDER_IP_OFFSET,
  SENDER_MAC_OFFSET,
  TARGET_IP_OFFSET,
  Verdict,
} from "./answerer.ts";
import type { DropCounts } from "./drop-counts.ts";
import { formatIpv4 } from "./ipv4.ts";
import type { AnsweringLink } from "./link-rules.ts";
import { SocketFilter } from "./socket-filter.ts";

/** RFC 5227 §2.4 (c). */
const DEFEND_INTERVAL_MS = 10_000;

/** Then the other descriptors have their turn. */
const MAX_BATCHES_A_TURN = 8;

/** What all links share. */
export interface ArpLinkContext {
  readonly received: FrameBatch;
  readonly replies: FrameBatch;
  readonly announcements: FrameBatch;
  readonly drops: DropCounts;
  readonly log: Log;
  readonly clock: () => number;
  /** Whether the MAC address is of this node or of another one of the cluster. */
  isOfCluster(mac: Mac): boolean;
}

/** One link that can answer: its packet socket, the addresses that it answers for, and their announcements. */
export class ArpLink {
  readonly #context: ArpLinkContext;
  readonly #socket: PacketSocket;
  readonly #answerer = new Answerer();
  readonly #schedule = new AnnouncementSchedule();
  readonly #filter: SocketFilter;
  #link: AnsweringLink;

  private constructor(context: ArpLinkContext, link: AnsweringLink, socket: PacketSocket) {
    this.#context = context;
    this.#link = link;
    this.#socket = socket;
    this.#filter = new SocketFilter(socket, link.name, context.log);
    this.#answerer.setMac(link.mac);
  }

  /** @throws {LinuxError} when there is no packet socket to be had */
  static open(context: ArpLinkContext, link: AnsweringLink): ArpLink {
    return new ArpLink(context, link, PacketSocket.open(link, arpFilter([])));
  }

  get descriptor(): number {
    return this.#socket.descriptor;
  }

  get name(): string {
    return this.#link.name;
  }

  get mac(): Mac {
    return this.#link.mac;
  }

  /** Takes what netlink says of the link: with another MAC address, or after a lost carrier, everything is announced again. */
  update(link: AnsweringLink): void {
    const isElsewhere = link.mac !== this.#link.mac || (link.carrier && !this.#link.carrier);
    this.#link = link;
    this.#answerer.setMac(link.mac);
    if (isElsewhere) {
      const now = this.#context.clock();
      for (const address of this.#answerer.addresses.keys()) {
        this.#schedule.announce(address, now);
      }
    }
  }

  /** Answers for the address from now on, and announces it, if it did not before. */
  take(address: number): void {
    if (!this.#answerer.addresses.has(address)) {
      const ip = formatIpv4(address);
      this.#answerer.addresses.set(address, { ip, wasAsked: false, defendedAt: undefined });
      this.#schedule.announce(address, this.#context.clock());
      this.#filter.changed("came");
    }
  }

  /** Is silent about the address from now on, whatever was still to be announced. */
  drop(address: number): void {
    if (this.#answerer.addresses.delete(address)) {
      this.#schedule.withdraw(address);
      this.#filter.changed("went");
    }
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    const announcement = this.#schedule.nextDeadline;
    const filter = this.#filter.nextDeadline;
    return filter === undefined || announcement === undefined
      ? (filter ?? announcement)
      : Math.min(filter, announcement);
  }

  tick(now: number): void {
    this.#filter.tick(now, this.#answerer.addresses.keys());
    this.#announceDue(now);
  }

  /** Answers the requests that wait. */
  read(): void {
    const { received, replies } = this.#context;
    for (let turn = 0; turn < MAX_BATCHES_A_TURN; turn++) {
      const count = received.receive(this.descriptor);
      let replyCount = 0;
      for (let index = 0; index < count; index++) {
        if (this.#isAnswered(index, replyCount * FRAME_STRIDE)) {
          replyCount += 1;
        }
      }
      if (replyCount > 0) {
        replies.send(this.descriptor, replyCount, ARP_FRAME_LENGTH);
      }
      if (count < BATCH_SIZE) {
        return;
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  #isAnswered(index: number, replyStart: number): boolean {
    const { received, replies, drops } = this.#context;
    const { frames } = received;
    const start = index * FRAME_STRIDE;
    const verdict = this.#answerer.answer(
      frames,
      start,
      received.length(index),
      replies.frames,
      replyStart,
    );
    if (verdict === Verdict.answer) {
      return true;
    }
    if (verdict === Verdict.firstAnswer) {
      this.#logFirstAnswer(start);
      return true;
    }
    if (verdict === Verdict.conflict) {
      this.#hearConflict(start);
    } else {
      drops.count(verdict);
    }
    return false;
  }

  #logFirstAnswer(start: number): void {
    const { frames } = this.#context.received;
    this.#context.log.info("first request answered", {
      ip: formatIpv4(frames.getUint32(start + TARGET_IP_OFFSET)),
      link: this.name,
      from: formatIpv4(frames.getUint32(start + SENDER_IP_OFFSET)),
      fromMac: this.#senderMacOf(start),
    });
  }

  /** A frame says that it comes from an address of ours: RFC 5227 §2.4. Our nodes may, for a moment, in a takeover. */
  #hearConflict(start: number): void {
    const address = this.#context.received.frames.getUint32(start + SENDER_IP_OFFSET);
    const answered = this.#answerer.addresses.get(address);
    const now = this.#context.clock();
    if (
      answered === undefined ||
      (answered.defendedAt !== undefined && now < answered.defendedAt + DEFEND_INTERVAL_MS)
    ) {
      return;
    }
    const mac = this.#senderMacOf(start);
    if (this.#context.isOfCluster(mac)) {
      return;
    }
    answered.defendedAt = now;
    const defended = this.#announce([address]) === FRAMES_PER_ANNOUNCEMENT;
    const { ip } = answered;
    this.#context.log.warn("address conflict", { ip, link: this.name, mac, defended });
  }

  #announceDue(now: number): void {
    if (now < (this.#schedule.nextDeadline ?? Number.POSITIVE_INFINITY)) {
      return;
    }
    const due: number[] = [];
    while (due.length < MAX_BURST) {
      const next = this.#schedule.take(now);
      if (next === undefined) {
        break;
      }
      due.push(next.address);
      if (next.round === 0) {
        this.#context.log.info("announcing", {
          ip: formatIpv4(next.address),
          link: this.name,
          mac: this.mac,
          frames: ANNOUNCE_AT_MS.length * FRAMES_PER_ANNOUNCEMENT,
        });
      }
    }
    if (due.length > 0) {
      this.#announce(due);
    }
  }

  /** Returns how many frames the link took. */
  #announce(addresses: readonly number[]): number {
    const { announcements } = this.#context;
    const bytes = new Uint8Array(announcements.frames.buffer);
    const frames = addresses.flatMap((address) => announcementFrames(address, this.mac));
    frames.forEach((frame, index) => {
      bytes.set(frame, index * FRAME_STRIDE);
    });
    return announcements.send(this.descriptor, frames.length, ARP_FRAME_LENGTH);
  }

  #senderMacOf(start: number): Mac {
    const { buffer } = this.#context.received.frames;
    return macFromBytes(new Uint8Array(buffer, start + SENDER_MAC_OFFSET, MAC_LENGTH));
  }
}
