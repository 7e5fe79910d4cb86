import { parseIp } from "#lib/address/ip.ts";
import { Eventfd } from "#lib/linux/eventfd.ts";
import { FrameBatch } from "#lib/linux/frame-batch.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { realtimeNs } from "#lib/linux/realtime-clock.ts";
import { profileOf } from "#lib/membership/profile.ts";
import { Captures } from "./captures.ts";
import { Claims } from "./claims.ts";
import { countsOf } from "./counts.ts";
import { DropCounts } from "./drop-counts.ts";
import { Duties } from "./duties.ts";
import { KeptState } from "./kept-state.ts";
import { KernelAddresses } from "./kernel-addresses.ts";
import { Latency } from "./latency.ts";
import { type LinkContext, LinkResponder } from "./link-responder.ts";
import { LinkWatch } from "./link-watch.ts";
import { Members } from "./members.ts";
import { membersState } from "./members-state.ts";
import type { ToNetwork } from "./messages.ts";
import type { MoveOptions } from "./moves.ts";
import type { NetworkLog } from "./network-log.ts";
import { OtherNodes } from "./other-nodes.ts";
import type { Outbox } from "./outbox.ts";
import { Ownership } from "./ownership.ts";
import { Pace } from "./pace.ts";
import { TransferNews } from "./transfer-news.ts";

/** While the loop sleeps, the process cannot end otherwise than by a signal. */
const MAX_SLEEP_MS = 500;

/** How often to look whether the main thread has caught up, when it had not. */
const FLUSH_INTERVAL_MS = 50;

/** Taking a message costs some 10 µs; then heartbeats and requests have their turn. */
const MAX_MESSAGES_A_TURN = 500;

export interface LoopOptions extends MoveOptions {
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
  readonly #otherNodes: OtherNodes;
  readonly #ownership: Ownership;
  readonly #duties: Duties;
  readonly #captures: Captures;
  readonly #claims: Claims;
  readonly #kernelAddresses: KernelAddresses;
  readonly #drops = new DropCounts();
  readonly #latency = new Latency(realtimeNs);
  /** When the members have something to do, as it was when the thread went to sleep. */
  #membersDueAt = Number.NEGATIVE_INFINITY;
  readonly #memberDrops = () => this.#members.drops;
  #conflicts = 0;
  readonly #transferNews: TransferNews;
  readonly #keptState: KeptState;
  #toldLinks = "";
  #areMembersNews = false;
  #isLeaving = false;
  #isStopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { announceRate, clock, excludedLinks, log, memberPort, nodeName, outbox, wallClock } =
      options;
    this.#wake = new Eventfd(options.wake);
    this.#transferNews = new TransferNews(nodeName, outbox, log);
    this.#keptState = new KeptState({
      clock,
      hash: () => this.#members.hash,
      take: () => this.#members.kept,
      keep: (bytes) => outbox.sendState({ kind: "state", bytes }),
    });
    this.#ownership = new Ownership(
      nodeName,
      {
        put: (demand) => this.#members.put(demand),
        remove: (group, because) => this.#members.remove(group, because),
        roleOf: (group) => this.#members.roleOf(group),
        ownerOf: (group) => this.#members.ownerOf(group),
        hasSubnetOf: (node, ip) => this.#members.directory.hasSubnetOf(node, ip),
      },
      (transfers) => this.#transferNews.note(transfers),
    );
    this.#otherNodes = new OtherNodes({
      members: () => this.#members,
      links: () => this.#links,
      ownership: () => this.#ownership,
      macKnown: () => this.#duties.lookAtVoiceless(),
    });
    this.#captures = new Captures(clock, wallClock, {
      captured: (id, frames, ended) => outbox.sendPassing({ kind: "captured", id, frames, ended }),
      changed: (ip) => this.#duties.look([ip]),
    });
    const context = this.#linkContext();
    this.#links = new LinkWatch({
      excludedLinks,
      log,
      open: (link) => new LinkResponder(context, link),
      changed: (link) => {
        this.#duties.lookAtLink(link);
        this.#otherNodes.lookAtLink(link);
      },
    });
    this.#duties = new Duties({
      ownership: this.#ownership,
      log,
      probePace: new Pace(announceRate),
      clock,
      links: () => this.#links.answering,
      isInSubnetOf: (link, ip) => this.#links.isInSubnetOf(link.index, parseIp(ip)),
      macOn: (link, node) => this.#otherNodes.macOn(link.index, node),
      captured: () => this.#captures.ips,
      conflict: (conflict) => {
        this.#conflicts += 1;
        outbox.sendConflict({ kind: "conflict", conflict });
      },
      conflictOver: (ip) => outbox.sendConflict({ kind: "conflict-over", ip }),
    });
    this.#claims = new Claims({
      mayBeNode: (ip) => this.#members.mayLackNodes(this.#duties.isAnnounced(ip)),
      isOfCluster: (mac) => this.#links.hasMac(mac) || this.#members.directory.hasMac(mac),
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
      profile: profileOf(options.profile),
      failbackMs: options.failbackMs,
      surrogate: options.surrogate,
      log,
      clock,
      links: () => this.#links.own,
      announced: () => this.#ownership,
      receivedFrames: () => this.#otherNodes.receivedFrames(),
      probe: (node) => this.#otherNodes.probe(node),
      ask: (group, owner) => this.#otherNodes.ask(group, owner),
      defend: (group) => this.#otherNodes.defend(group),
      announceAnew: (group) => this.#ownership.announceAnew(group),
      onOpen: (descriptors) => {
        for (const descriptor of descriptors) {
          this.#poll.watch(descriptor, () => this.#members.read());
        }
      },
      onRole: (group) => this.#ownership.roleChanged(group),
      onOwner: (group, to, cause) => this.#ownership.ownerChanged(group, to, cause),
      onMembers: () => {
        this.#areMembersNews = true;
      },
    });
  }

  /** Runs until the main thread says stop. */
  run(): void {
    this.#poll.watch(this.#wake.descriptor, () => this.#takeMessages());
    this.#poll.watch(this.#links.descriptor, () => this.#readLinks());
    this.#links.begin();
    while (!this.#isStopped) {
      this.#poll.wait(this.#sleepMs(), this.#woke);
      this.#tick();
    }
    this.#members.restart();
    this.#links.close();
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
      claimed: (claim) => this.#otherNodes.heard(claim) || this.#claims.hear(claim, clock()),
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
    this.#membersDueAt = this.#members.nextDeadline ?? Number.POSITIVE_INFINITY;
    until = Math.min(until, this.#membersDueAt);
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

  /** Whoever stood still must not answer what waits before it has asked. */
  readonly #woke = (): void => {
    const now = this.#options.clock();
    // to ask anew when that is would have every frame ask about all members
    if (now >= this.#membersDueAt) {
      this.#members.tick(now);
    }
    this.#duties.look(this.#ownership.takeTouched());
  };

  #tick(): void {
    const now = this.#options.clock();
    if (this.#links.hasMore) {
      this.#readLinks();
    }
    if (this.#areMembersNews) {
      this.#tellMembers();
    }
    this.#duties.look(this.#ownership.takeTouched());
    this.#claims.tick(now);
    this.#duties.tick(now);
    for (const link of this.#links.answering) {
      link.tick(now);
    }
    this.#links.tick(now);
    this.#captures.tick(now);
    this.#drops.tick(now, this.#memberDrops, this.#options.log);
    this.#kernelAddresses.tick(now);
    this.#keptState.tick(now);
    // once nothing is left to be announced at once, for that is waited for
    if (!(this.#transferNews.isEmpty || this.#isAnnouncing(now))) {
      this.#transferNews.tell();
    }
    this.#isStopped ||= this.#isLeaving && this.#members.hasLeft;
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
      case "draining":
        if (message.because === undefined) {
          log.info("draining ended");
        } else {
          log.info("draining", { because: message.because });
        }
        this.#members.setDraining(message.because !== undefined);
        break;
      case "resume":
        this.#members.resume(message.bytes);
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
      case "show-members":
        outbox.sendPassing({
          kind: "members-shown",
          id: message.id,
          view: this.#members.report.view,
        });
        break;
      case "capture":
        this.#captures.begin(message.order);
        break;
      case "capture-stop":
        this.#captures.end(message.id);
        break;
      case "stop":
        if (message.how === "leave") {
          this.#isLeaving = true;
          this.#members.leave();
        } else {
          this.#isStopped = true;
        }
        break;
    }
  }

  #changeRow(service: string, change: () => void): void {
    const before = this.#ownership.ipsOf(service);
    change();
    this.#members.announcedChanged();
    const ips = [...before, ...this.#ownership.ipsOf(service)];
    this.#kernelAddresses.look(ips, this.#options.clock());
  }

  #readLinks(): void {
    this.#links.read();
    const links = this.#links.facts();
    const text = JSON.stringify([
      links,
      this.#links.answering.map(({ hasCarrier, mac }) => [mac, hasCarrier]),
    ]);
    if (text !== this.#toldLinks) {
      this.#toldLinks = text;
      this.#options.outbox.sendState({ kind: "links", links });
      this.#members.linksChanged();
    }
    this.#kernelAddresses.look(this.#links.takeChangedIps(), this.#options.clock());
  }

  #tellMembers(): void {
    this.#areMembersNews = false;
    const { nodeName, outbox } = this.#options;
    outbox.sendState(membersState(nodeName, this.#members.directory));
    this.#ownership.subnetsChanged();
    this.#otherNodes.membersChanged();
  }

  #counts(): ReturnType<typeof countsOf> {
    return countsOf(this.#links.answering, {
      drops: this.#drops.all(this.#members.drops),
      conflicts: this.#conflicts,
      latency: this.#latency.counts,
      membership: this.#members.report.counted,
    });
  }

  #isAnnouncing(now: number): boolean {
    return this.#links.answering.some(
      ({ nextDeadline }) => nextDeadline !== undefined && nextDeadline <= now,
    );
  }
}
