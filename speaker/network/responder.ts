import { type Family, formatIp, ipFromBytes } from "#lib/address/ip.ts";
import { BATCH_SIZE, FRAME_STRIDE, type FrameBatch } from "#lib/linux/frame-batch.ts";
import { PacketSocket } from "#lib/linux/packet-socket.ts";
import type { Log } from "#lib/log/log.ts";
import { MAC_LENGTH, type Mac, macFromBytes } from "#lib/wire/mac.ts";
import { AnnouncementSchedule } from "./announcement-schedule.ts";
import type { Captures } from "./captures.ts";
import type { Claim } from "./claims.ts";
import type { DropCounts } from "./drop-counts.ts";
import type { HeardAddress } from "./heard-address.ts";
import type { Latency } from "./latency.ts";
import type { AnsweringLink } from "./link-rules.ts";
import { Outgoing } from "./outgoing.ts";
import type { Pace } from "./pace.ts";
import type { Host, Protocol } from "./protocol.ts";
import type { RateLimit } from "./rate-limit.ts";
import { RecentRequesters } from "./recent-requesters.ts";
import { SocketFilter } from "./socket-filter.ts";
import { Verdict } from "./verdict.ts";

/** Then the other descriptors have their turn. */
const MAX_BATCHES_A_TURN = 8;

/** A takeover of thousands lets heartbeats pass after so many. */
const MAX_ANNOUNCEMENTS_A_TURN = 1_000;

/** Where an Ethernet frame names its source. */
const SOURCE_MAC_AT = 6;

/** What all links and protocols share. */
export interface ResponderContext {
  readonly received: FrameBatch;
  readonly replies: FrameBatch;
  readonly unasked: FrameBatch;
  readonly drops: DropCounts;
  readonly latency: Latency;
  readonly captures: Captures;
  readonly log: Log;
  readonly clock: () => number;
  /** The default routers that are reached by the link. */
  routersOf(index: number, family: Family): readonly Host[];
  /** Told of a frame that claims one of the addresses, for whatever host. */
  claimed(claim: Claim): void;
}

/** What the protocols of one link share. */
export interface LinkBounds {
  /** Of announcements. */
  readonly pace: Pace;
  /** Of answers. */
  readonly rateLimit: RateLimit;
}

/** One protocol on one link: its socket, the addresses that it answers for, and their announcements. */
export class Responder {
  readonly #context: ResponderContext;
  readonly #bounds: LinkBounds;
  readonly #protocol: Protocol;
  readonly #socket: PacketSocket;
  readonly #filter: SocketFilter;
  readonly #schedule: AnnouncementSchedule;
  readonly #requesters = new RecentRequesters();
  readonly #unasked: Outgoing;
  /** What the log is still to be told of. */
  readonly #announced: HeardAddress[] = [];
  #link: AnsweringLink;

  /**
   * Opens the socket.
   *
   * @throws {LinuxError} when there is no packet socket to be had
   */
  constructor(
    context: ResponderContext,
    bounds: LinkBounds,
    protocol: Protocol,
    link: AnsweringLink,
    promiscuous: boolean,
  ) {
    this.#context = context;
    this.#bounds = bounds;
    this.#protocol = protocol;
    this.#link = link;
    const { etherType, frameLength } = protocol;
    this.#socket = PacketSocket.open(link, {
      etherType,
      filter: protocol.filter(0),
      promiscuous,
      timestamps: true,
    });
    this.#filter = new SocketFilter(this.#socket, link.name, context.log, (maxIntervals) =>
      protocol.filter(maxIntervals),
    );
    this.#schedule = new AnnouncementSchedule(protocol, bounds.pace, Math.random);
    const { captures } = context;
    this.#unasked = new Outgoing({
      batch: context.unasked,
      descriptor: this.#socket.descriptor,
      frameLength,
      isWatched: () => captures.isActive,
      leaving: (about, frames, at) =>
        captures.frame(about, this.#link.name, "out", frames, at, frameLength),
    });
    protocol.setMac(link.mac);
  }

  get descriptor(): number {
    return this.#socket.descriptor;
  }

  /** Frames that the kernel could not queue. */
  get drops(): number {
    return this.#socket.statistics().drops;
  }

  setLink(link: AnsweringLink): void {
    this.#link = link;
    this.#protocol.setMac(link.mac);
  }

  hear(address: HeardAddress): void {
    this.#protocol.hear(address);
    this.#filter.changed("came");
  }

  forget(address: HeardAddress): void {
    this.#protocol.forget(address);
    this.#schedule.withdraw(address);
    this.#filter.changed("went");
  }

  /** Begins with the first announcement of the address, also when others of it are still to come. */
  announce(address: HeardAddress): void {
    this.#schedule.announce(address, this.#context.clock());
  }

  /** Ends all announcements that are still to come. */
  withdraw(address: HeardAddress): void {
    this.#schedule.withdraw(address);
  }

  /** Announces the address once, and returns whether the link took it. */
  announceOnce(address: HeardAddress): boolean {
    const next = this.#unasked.about(address);
    const frames = this.#protocol.writeAnnouncement(next, address, false);
    address.announcements += frames;
    return frames > 0 && this.#unasked.flush() === frames;
  }

  /** Asks everybody for the address, and returns whether the link took it. NDP's probes are sent by another thread. */
  sendProbe(address: HeardAddress): boolean {
    this.#protocol.writeProbe?.(this.#unasked.about(address), address);
    return this.#unasked.flush() > 0;
  }

  /** Asks the host with that MAC address alone. */
  sendQuestion(address: HeardAddress, to: Mac): void {
    this.#protocol.writeQuestion(this.#unasked.about(address), address, to);
    this.#unasked.flush();
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
    this.#filter.tick(now);
    if (now >= (this.#schedule.nextDeadline ?? Number.POSITIVE_INFINITY)) {
      this.#announceDue(now);
    }
  }

  /** Answers the requests that wait. */
  read(): void {
    const { received, replies, latency } = this.#context;
    const now = this.#context.clock();
    for (let turn = 0; turn < MAX_BATCHES_A_TURN; turn++) {
      const count = received.receive(this.descriptor);
      let replyCount = 0;
      for (let index = 0; index < count; index++) {
        if (this.#isAnswered(index, replyCount * FRAME_STRIDE, now)) {
          replyCount += 1;
        }
      }
      if (replyCount > 0) {
        replies.send(this.descriptor, replyCount, this.#protocol.answerer.replyLength);
        latency.sample(received, now);
      }
      if (count < BATCH_SIZE) {
        return;
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  #isAnswered(index: number, replyStart: number, now: number): boolean {
    const { received, replies, drops, captures } = this.#context;
    const { frames } = received;
    const { answerer } = this.#protocol;
    const start = index * FRAME_STRIDE;
    const length = received.length(index);
    const verdict = answerer.answer(frames, start, length, replies.frames, replyStart);
    const address = answerer.lastHeard;
    if (address === undefined) {
      drops.count(verdict);
      return false;
    }
    const isAnswer = verdict === Verdict.answer;
    const isAllowed = isAnswer && this.#isAllowed(frames, start, now);
    if (captures.isActive) {
      const { name } = this.#link;
      captures.frame(address, name, "in", frames, start, length);
      if (isAllowed) {
        captures.frame(address, name, "out", replies.frames, replyStart, answerer.replyLength);
      }
    }
    this.#take(address, isAnswer && !isAllowed ? Verdict.tooMany : verdict, now);
    return isAllowed;
  }

  #isAllowed(frames: DataView, start: number, now: number): boolean {
    const source = start + SOURCE_MAC_AT;
    const high = frames.getUint16(source);
    return this.#bounds.rateLimit.allows(high, frames.getUint32(source + 2), now);
  }

  #take(address: HeardAddress, verdict: Verdict, now: number): void {
    if (verdict === Verdict.conflict) {
      this.#hearClaim(address);
      return;
    }
    if (verdict !== Verdict.answer) {
      this.#context.drops.count(verdict);
    }
    if (verdict !== Verdict.notOurs) {
      this.#noteRequest(address, verdict, now);
    }
  }

  #noteRequest(address: HeardAddress, verdict: Verdict, now: number): void {
    const { answerer, addressLength } = this.#protocol;
    const { senderIpAt, senderMacAt } = answerer;
    const { frames } = this.#context.received;
    address.askedAt = now;
    this.#requesters.note(address, frames, senderIpAt, addressLength, senderMacAt, now);
    if (verdict === Verdict.heard) {
      return;
    }
    address.requests += 1;
    if (verdict === Verdict.answer) {
      address.responses += 1;
      if (!address.wasAnswered) {
        address.wasAnswered = true;
        this.#logFirstAnswer(address);
      }
    }
  }

  #hearClaim({ ip }: HeardAddress): void {
    this.#context.claimed({ ip, mac: this.#senderMac(), link: this.#link.name });
  }

  #logFirstAnswer({ ip }: HeardAddress): void {
    const { buffer } = this.#context.received.frames;
    const { senderIpAt } = this.#protocol.answerer;
    const from = new Uint8Array(buffer, senderIpAt, this.#protocol.addressLength);
    this.#context.log.info("first request answered", {
      ip,
      link: this.#link.name,
      from: formatIp(ipFromBytes(from)),
      fromMac: this.#senderMac(),
    });
  }

  #senderMac(): Mac {
    const { buffer } = this.#context.received.frames;
    return macFromBytes(new Uint8Array(buffer, this.#protocol.answerer.senderMacAt, MAC_LENGTH));
  }

  #announceDue(now: number): void {
    const isNew = new Set<HeardAddress>();
    for (let count = 0; count < MAX_ANNOUNCEMENTS_A_TURN; count++) {
      const due = this.#schedule.take(now);
      if (due === undefined) {
        break;
      }
      const { address, round } = due;
      const isFirst = round === 0;
      const next = this.#unasked.about(address);
      const frames = this.#protocol.writeAnnouncement(next, address, isFirst);
      address.announcements += frames;
      if (isFirst && frames > 0) {
        isNew.add(address);
      }
    }
    if (isNew.size > 0) {
      this.#notify(isNew, now);
    }
    this.#unasked.flush();
    this.#announced.push(...isNew);
    // a line for each of thousands takes as long as the frames, so the frames of all go first
    if (now < (this.#schedule.nextDeadline ?? Number.POSITIVE_INFINITY)) {
      this.#logAnnounced();
    }
  }

  #logAnnounced(): void {
    const { mac, name: link } = this.#link;
    const frames = this.#protocol.announceAtMs.length * this.#protocol.framesPerAnnouncement;
    for (const { ip } of this.#announced.splice(0)) {
      this.#context.log.info("announcing", { ip, link, mac, frames });
    }
  }

  /** Tells those who may not listen to announcements: the routers, and whoever asked for the address lately. */
  #notify(addresses: ReadonlySet<HeardAddress>, now: number): void {
    const routers = this.#context.routersOf(this.#link.index, this.#protocol.family);
    let frames = 0;
    for (const address of addresses) {
      for (const router of routers) {
        this.#protocol.writeNotice(this.#unasked.about(address), address, router);
        frames += 1;
      }
    }
    for (const { address, ip, mac } of this.#requesters.of(addresses)) {
      this.#protocol.writeNotice(this.#unasked.about(address), address, { ip, mac });
      frames += 1;
    }
    this.#bounds.pace.spend(frames, now);
  }
}
