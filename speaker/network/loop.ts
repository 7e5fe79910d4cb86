import { parseIp } from "#lib/address/ip.ts";
import { Eventfd } from "#lib/linux/eventfd.ts";
import { FrameBatch } from "#lib/linux/frame-batch.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { realtimeNs } from "#lib/linux/realtime-clock.ts";
import type { MemberChange } from "#lib/membership/membership.ts";
import { Captures } from "./captures.ts";
import { Claims } from "./claims.ts";
import { countsOf } from "./counts.ts";
import { DropCounts } from "./drop-counts.ts";
import { Duties } from "./duties.ts";
import { KernelAddresses } from "./kernel-addresses.ts";
import { Latency } from "./latency.ts";
import { type LinkContext, LinkResponder } from "./link-responder.ts";
import { LinkWatch } from "./link-watch.ts";
import { Members } from "./members.ts";
import type { ToNetwork } from "./messages.ts";
import type { NetworkLog } from "./network-log.ts";
import type { Outbox } from "./outbox.ts";
import { Ownership, type Transfer } from "./ownership.ts";
import { Pace } from "./pace.ts";

/** While the loop sleeps, the process cannot end otherwise than by a signal. */
const MAX_SLEEP_MS = 500;

/** How often to look whether the main thread has caught up, when it had not. */
const FLUSH_INTERVAL_MS = 50;

const TELL_DROPS_INTERVAL_MS = 10_000;

/** Taking a message costs some 10 µs; then heartbeats and requests have their turn. */
const MAX_MESSAGES_A_TURN = 500;

export interface LoopOptions {
  readonly nodeName: string;
  readonly memberPort: number;
  /** Matched anywhere in a link's name. */
  readonly excludedLinks: readonly RegExp[];
  readonly promiscuousLinks: readonly RegExp[];
  /** Frames a second on one link; 0: no limit. */
  readonly announceRate: number;
  /** Answers a second on one link, to all and to one MAC address; 0: no limit. */
  readonly answerRate: number;
  readonly answerRatePerClient: number;
  /** An eventfd that is signalled after each message. */
  readonly wake: number;
  readonly outbox: Outbox;
  readonly log: NetworkLog;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  /** Milliseconds since the epoch, of the clock that may be set. */
  readonly wallClock: () => number;
  nextMessage(): ToNetwork | undefined;
}

/** The loop of the network thread: waits for packets, links and messages until the next deadline, and does what is due. */
export class NetworkLoop {
  readonly #options: LoopOptions;
  readonly #poll = new PollSet();
  readonly #wake: Eventfd;
  readonly #links: LinkWatch;
  readonly #members: Members;
  readonly #ownership: Ownership;
  readonly #duties: Duties;
  readonly #captures: Captures;
  readonly #claims: Claims;
  readonly #kernelAddresses: KernelAddresses;
  readonly #drops = new DropCounts();
  readonly #latency = new Latency(realtimeNs);
  #conflicts = 0;
  readonly #untold: Transfer[] = [];
  #toldLinks = "";
  #tellDropsAt = 0;
  #isStopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { announceRate, clock, excludedLinks, log, memberPort, nodeName, outbox, wallClock } =
      options;
    this.#wake = new Eventfd(options.wake);
    this.#ownership = new Ownership(nodeName);
    this.#captures = new Captures(clock, wallClock, {
      captured: (id, frames, ended) => outbox.sendPassing({ kind: "captured", id, frames, ended }),
      changed: (ip) => this.#duties.look([ip]),
    });
    const context = this.#linkContext();
    this.#links = new LinkWatch({
      excludedLinks,
      log,
      open: (link) => new LinkResponder(context, link),
      changed: (link) => this.#duties.lookAtLink(link),
    });
    this.#duties = new Duties({
      ownership: this.#ownership,
      log,
      probePace: new Pace(announceRate),
      clock,
      links: () => this.#links.answering,
      isInSubnetOf: (link, ip) => this.#links.isInSubnetOf(link.index, parseIp(ip)),
      captured: () => this.#captures.ips,
      conflict: (conflict) => {
        this.#conflicts += 1;
        outbox.sendConflict({ kind: "conflict", conflict });
      },
      conflictOver: (ip) => outbox.sendConflict({ kind: "conflict-over", ip }),
    });
    this.#claims = new Claims({
      mayBeNode: (ip) =>
        this.#duties.isAnnounced(ip) ? !this.#members.hasHeardAll : this.#members.isPresuming,
      isOfCluster: (mac) => this.#links.hasMac(mac) || this.#members.hasMac(mac),
      held: (ip, judgeAt) => this.#duties.suspend(ip, judgeAt),
      foreign: ({ ip, link, mac }) => this.#duties.claimed(ip, mac, link),
    });
    this.#kernelAddresses = new KernelAddresses({
      isOurs: (ip) => this.#ownership.has(ip),
      linksWith: (ip) => this.#links.linksWith(ip),
      tell: (addresses) => outbox.sendState({ kind: "kernel-addresses", addresses }),
    });
    this.#members = new Members({
      nodeName,
      port: memberPort,
      drops: this.#drops,
      log,
      clock,
      wallClock,
      macs: () => this.#links.answering.map(({ mac }) => mac),
      subnets: () => this.#links.subnets,
      onOpen: (descriptors) => {
        for (const descriptor of descriptors) {
          this.#poll.watch(descriptor, () => this.#members.read());
        }
      },
      onAlive: (alive, changes) => this.#aliveChanged(alive, changes),
    });
  }

  /** Runs until the main thread says stop. */
  run(): void {
    this.#poll.watch(this.#wake.descriptor, () => this.#takeMessages());
    this.#poll.watch(this.#links.descriptor, () => this.#readLinks());
    this.#links.begin();
    while (!this.#isStopped) {
      this.#poll.wait(this.#sleepMs());
      this.#tick();
    }
    this.#links.close();
    this.#members.leave();
    this.#options.outbox.flush();
  }

  #linkContext(): LinkContext {
    const { answerRate, answerRatePerClient, announceRate, clock, log, outbox, promiscuousLinks } =
      this.#options;
    return {
      received: new FrameBatch(),
      replies: new FrameBatch(),
      unasked: new FrameBatch(),
      drops: this.#drops,
      latency: this.#latency,
      captures: this.#captures,
      log,
      clock,
      announceRate,
      answerRate,
      answerRatePerClient,
      groups: () => this.#links.groups,
      claimed: (claim) => this.#claims.hear(claim, clock()),
      isPromiscuous: (link) => promiscuousLinks.some((pattern) => pattern.test(link)),
      watch: (descriptor, onReadable) => this.#poll.watch(descriptor, onReadable),
      unwatch: (descriptor) => this.#poll.unwatch(descriptor),
      linkLocalOf: (index) => this.#links.linkLocalOf(index),
      routersOf: (index, family) => this.#links.routersOf(index, family),
      probe: (ip, { name: link, index }, nonce) =>
        outbox.sendPassing({ kind: "probe", ip, link, index, nonce }),
    };
  }

  /** Whole milliseconds, rounded up: a turn that comes too early would only have to sleep again. */
  #sleepMs(): number {
    const now = this.#options.clock();
    const { outbox } = this.#options;
    let until = now + (outbox.isHolding ? FLUSH_INTERVAL_MS : MAX_SLEEP_MS);
    until = Math.min(until, this.#members.nextDeadline ?? until);
    until = Math.min(until, this.#duties.nextDeadline ?? until);
    until = Math.min(until, this.#claims.nextDeadline ?? until);
    until = Math.min(until, this.#captures.nextDeadline ?? until);
    until = Math.min(until, this.#links.nextDeadline ?? until);
    until = Math.min(until, this.#kernelAddresses.nextDeadline ?? until);
    for (const link of this.#links.answering) {
      until = Math.min(until, link.nextDeadline ?? until);
    }
    return Math.max(0, Math.ceil(until - now));
  }

  #tick(): void {
    const now = this.#options.clock();
    this.#members.tick(now);
    if (this.#links.hasMore) {
      this.#readLinks();
    }
    this.#lookAtTouched();
    this.#claims.tick(now);
    this.#duties.tick(now);
    for (const link of this.#links.answering) {
      link.tick(now);
    }
    this.#links.tick(now);
    this.#captures.tick(now);
    if (now >= this.#tellDropsAt) {
      this.#tellDropsAt = now + TELL_DROPS_INTERVAL_MS;
      const news = this.#drops.takeNews(this.#members.ignored);
      if (news !== undefined) {
        this.#options.log.debug("packets dropped", news);
      }
    }
    this.#kernelAddresses.tick(now);
    this.#tellTransfers(now);
    this.#options.outbox.flush();
  }

  #takeMessages(): void {
    // drained before the messages are taken: one that comes meanwhile is either taken now or signalled again
    this.#wake.drain();
    for (let taken = 0; taken < MAX_MESSAGES_A_TURN; taken++) {
      const message = this.#options.nextMessage();
      if (message === undefined) {
        return;
      }
      this.#take(message);
    }
    this.#wake.signal();
  }

  #take(message: ToNetwork): void {
    const { log, outbox } = this.#options;
    switch (message.kind) {
      case "members":
        this.#members.setList(message.members);
        break;
      case "put":
        log.debug("row taken by the network thread", {
          service: message.row.service,
          ip: message.row.ips.join(" "),
        });
        this.#changeRow(message.row.service, () => this.#ownership.put(message.row));
        break;
      case "remove":
        this.#changeRow(message.service, () => this.#ownership.remove(message.service));
        break;
      case "ready":
        this.#members.ready();
        break;
      case "key":
        this.#members.setKey(message.key);
        break;
      case "log-level":
        log.setLevel(message.level);
        break;
      case "count":
        outbox.sendPassing({ kind: "counts", id: message.id, counts: this.#counts() });
        break;
      case "capture":
        this.#captures.begin(message.order);
        break;
      case "capture-stop":
        this.#captures.end(message.id);
        break;
      case "stop":
        this.#isStopped = true;
        break;
    }
  }

  #changeRow(service: string, change: () => readonly Transfer[]): void {
    const before = this.#ownership.ipsOf(service);
    this.#noteTransfers(change());
    const ips = [...before, ...this.#ownership.ipsOf(service)];
    this.#kernelAddresses.look(ips, this.#options.clock());
  }

  #readLinks(): void {
    this.#links.read();
    const links = this.#links.facts();
    const text = JSON.stringify(links);
    if (text !== this.#toldLinks) {
      this.#toldLinks = text;
      this.#options.outbox.sendState({ kind: "links", links });
      this.#members.linksChanged();
    }
    this.#kernelAddresses.look(this.#links.takeChangedIps(), this.#options.clock());
  }

  #aliveChanged(alive: ReadonlySet<string>, changes: readonly MemberChange[]): void {
    const { subnets } = this.#members;
    this.#options.outbox.sendState({
      kind: "alive",
      nodes: [...alive],
      subnets: Object.fromEntries(
        [...alive].flatMap((node) => {
          const known = subnets.of(node);
          return known === undefined ? [] : [[node, known]];
        }),
      ),
    });
    this.#noteTransfers(this.#ownership.setNodes({ alive, subnets, changes }));
  }

  #lookAtTouched(): void {
    const touched = this.#ownership.takeTouched();
    if (touched.size > 0) {
      this.#duties.look(touched);
    }
  }

  #counts(): ReturnType<typeof countsOf> {
    return countsOf(this.#links.answering, {
      drops: this.#drops.all(this.#members.ignored),
      conflicts: this.#conflicts,
      latency: this.#latency.counts,
    });
  }

  /** Notes what is to be told once nothing is left to be announced at once, for that is waited for. */
  #noteTransfers(transfers: readonly Transfer[]): void {
    for (const transfer of transfers) {
      this.#untold.push(transfer);
    }
  }

  #isAnnouncing(now: number): boolean {
    return this.#links.answering.some(
      ({ nextDeadline }) => nextDeadline !== undefined && nextDeadline <= now,
    );
  }

  /** The nodes that a transfer concerns tell of it; all others know it too, and would only repeat it. */
  #tellTransfers(now: number): void {
    if (this.#untold.length === 0 || this.#isAnnouncing(now)) {
      return;
    }
    const { outbox, log, nodeName } = this.#options;
    const transfers = this.#untold.splice(0);
    outbox.sendOwners(transfers.map(({ change }) => change));
    for (const { change, ips } of transfers) {
      const { service, ...reason } = change;
      const isOurs = change.from === nodeName || change.to === nodeName || change.to === undefined;
      for (const ip of ips) {
        log[isOurs ? "info" : "debug"]("owner changed", { ip, service, ...reason });
      }
    }
  }
}
