/**
 * One node as a member among others: it says that it lives, watches over a few others, and holds and spreads what all are
 * to know. A state machine without clock and sockets: it is told what was heard and what time it is, and returns what is
 * to be done. Why it is as it is: docs/design/membership.md.
 */

import type { Effect } from "./effect.ts";
import type { MemberOptions } from "./member-options.ts";
import {
  isNewerRecord,
  isSameInfo,
  type MemberInfo,
  type MemberRecord,
  MemberState,
} from "./member-record.ts";
import type { Heartbeat, Message, Records } from "./message.ts";
import { Neighbourhood } from "./neighbourhood.ts";
import { Oblivion } from "./oblivion.ts";
import { type Peer, Peers } from "./peer.ts";
import { Pulse } from "./pulse.ts";
import type { RecordTable } from "./record-table.ts";
import { type News, Replica } from "./replica.ts";
import { isAfter, nextAfter } from "./serial.ts";
import { Settling } from "./settling.ts";
import { Vigil } from "./vigil.ts";

export class Member {
  readonly #options: MemberOptions;
  readonly #neighbourhood: Neighbourhood;
  readonly #vigil: Vigil;
  readonly #replica: Replica;
  readonly #peers = new Peers();
  readonly #pulse: Pulse;
  readonly #oblivion: Oblivion;
  readonly #settling: Settling;
  #effects: Effect[] = [];
  #incarnation = 0;
  #info: MemberInfo;
  #startedAt: number | undefined;

  constructor(options: MemberOptions) {
    const { info, profile, random, self } = options;
    this.#options = options;
    this.#info = info;
    this.#replica = new Replica(self, random, {
      send: (to, message) => this.#send(to, message),
      isMember: (node) => this.isMember(node),
      learned: (record, before, news) => this.#learned(record, before, news),
      learnedOfSelf: (record, from, now) => this.#learnedOfSelf(record, from, now),
      learnedAll: (now) => this.#vigil.follow(now),
      claimLearned: (group) => this.#effects.push({ kind: "claim", group }),
      rivalHeard: (group) => this.#effects.push({ kind: "rival", group }),
      compared: (from, isSame) => this.#settling.answered(from, isSame),
    });
    this.#neighbourhood = new Neighbourhood(
      self,
      profile,
      // or nobody has heard of it yet
      (node) => (this.stateOf(node) ?? MemberState.dead) === MemberState.dead,
    );
    this.#pulse = new Pulse(profile, random, this.#neighbourhood);
    this.#oblivion = new Oblivion(this.table, this.#neighbourhood, {
      gone: (node, news) => this.#hold(node, MemberState.dead, news),
      forgotten: (node, now) => {
        this.#peers.forget(node);
        this.#vigil.follow(now);
        this.#effects.push({ kind: "forgotten", node });
      },
    });
    this.#settling = new Settling(profile, {
      ask: (node) => this.#replica.ask(node),
      changed: (isSettled, because) => this.#effects.push({ kind: "settled", isSettled, because }),
    });
    this.#vigil = new Vigil(self, profile, this.#neighbourhood, {
      send: (to, message) => this.#send(to, message),
      probe: (node) => this.#effects.push({ kind: "probe", node }),
      concluded: (node, verdict, news) => this.#hold(node, verdict, news),
      tell: (to, about) => this.#replica.tell(to, [about], []),
      record: (node) => this.table.member(node),
    });
  }

  /** What all members are to know. */
  get table(): RecordTable {
    return this.#replica.table;
  }

  /** Whether this node knows enough to answer for what it owns. */
  get isSettled(): boolean {
    return this.#settling.isSettled;
  }

  /** When it knows enough to take what nobody has. */
  get claimsFrom(): number {
    const { startHold } = this.#options.profile;
    return this.#startedAt === undefined ? Number.POSITIVE_INFINITY : this.#startedAt + startHold;
  }

  /** The same of another, as far as this node knows. */
  claimsFromOf(node: string): number {
    return (this.aliveSince(node) ?? Number.NEGATIVE_INFINITY) + this.#options.profile.startHold;
  }

  /** Names of all nodes. */
  get listed(): ReadonlySet<string> {
    return this.#neighbourhood.listed;
  }

  /** Whether this node listens to the other: it is in the list of nodes, or was and may still live. */
  isMember(node: string): boolean {
    return node !== this.#options.self && this.#neighbourhood.isMember(node);
  }

  /** Whether the node left the list of nodes while this one ran. */
  isFormer(node: string): boolean {
    return this.#neighbourhood.isFormer(node);
  }

  /** Names of those whom this node watches over, or would if they lived. */
  get watched(): readonly string[] {
    return this.#neighbourhood.subjects;
  }

  /** Names of those who watch over this node. */
  get watchers(): readonly string[] {
    return this.#neighbourhood.observersOf(this.#options.self);
  }

  /** What it has seen of those whom it watches over. */
  get seen(): Pick<Vigil, "isDeaf" | "silenceOf" | "suspicions"> {
    return this.#vigil;
  }

  /** When its next heartbeats are due; Infinity: it has not started. */
  get beatsAt(): number {
    return this.#pulse.beatsAt;
  }

  /** Undefined: it was never heard of. */
  stateOf(node: string): MemberState | undefined {
    return this.table.member(node)?.state;
  }

  /** Since when the node is alive without a break, as this one knows; undefined: it is not. */
  aliveSince(node: string): number | undefined {
    return this.stateOf(node) === MemberState.alive ? this.#peers.of(node).aliveSince : undefined;
  }

  /** Takes what was known in an earlier life, for a question. To be called before the start. */
  remember(records: Omit<Records, "kind">): void {
    this.#incarnation = this.#replica.remember(records) ?? this.#incarnation;
  }

  start(now: number): readonly Effect[] {
    this.#startedAt = now;
    this.#pulse.start(now);
    this.#unsettle(now, "it started");
    this.#reincarnate(MemberState.alive, now, "it started");
    return this.#take();
  }

  /** @param names of all nodes, with or without this one */
  setNodes(names: Iterable<string>, now: number): readonly Effect[] {
    this.#neighbourhood.setNodes(names, now);
    this.#vigil.follow(now);
    return this.#take();
  }

  /** Tells the others something else of this node than before. */
  setInfo(info: MemberInfo, now: number): readonly Effect[] {
    this.#info = info;
    this.#reincarnate(MemberState.alive, now, "it has news of itself");
    return this.#take();
  }

  /** Says that the speaker stops and comes back: others lend it their voice until then. */
  restart(now: number): readonly Effect[] {
    this.#reincarnate(MemberState.restarting, now, "its speaker restarts");
    const { living } = this.#neighbourhood;
    this.#replica.sayGoodbye(this.#neighbourhood.observers(now), living, now);
    return this.#take();
  }

  /** Makes a claim of this node's known, to the `first` at once. */
  claimed(group: string, first: Iterable<string>): readonly Effect[] {
    this.#replica.claimed(group, first);
    return this.#take();
  }

  receive(from: string, message: Message, now: number): readonly Effect[] {
    if (this.#startedAt === undefined || !this.isMember(from)) {
      return [];
    }
    switch (message.kind) {
      case "heartbeat":
        this.#hear(from, message, now);
        break;
      case "vote":
        if (this.isSettled) {
          this.#vigil.hearVote(from, message, now);
        }
        break;
      case "heard":
        if (this.table.member(message.subject)?.incarnation === message.incarnation) {
          this.#vigil.objected(message.subject, now);
        }
        break;
      case "records":
        this.#replica.learn(message, from, now);
        break;
      case "digest":
        this.#replica.compare(from, message);
        break;
      case "offer":
      case "refusal":
        break;
    }
    return this.#take();
  }

  /** The kernel of the node answered a probe. */
  probeAnswered(node: string, now: number): void {
    this.#vigil.answered(node, now);
  }

  /** When `tick` has something to do at the earliest. */
  nextDeadline(now: number): number {
    if (this.#startedAt === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    const next = Math.min(
      this.#pulse.nextDeadline,
      this.#oblivion.nextDeadline,
      this.#replica.nextDeadline ?? Number.POSITIVE_INFINITY,
      this.#settling.nextDeadline,
    );
    return this.isSettled ? Math.min(next, this.#vigil.nextDeadline(now)) : next;
  }

  /** Does what is due. What waits in sockets is to be handed in after: it may be from before a pause. */
  tick(now: number): readonly Effect[] {
    if (this.#startedAt === undefined) {
      return [];
    }
    this.#fence(now);
    this.#beat(now);
    this.#settling.tick(now, () => this.#neighbourhood.others);
    if (this.isSettled) {
      this.#vigil.judge(now);
    }
    this.#oblivion.tick(now);
    this.#replica.spread(now, () => this.#neighbourhood.living);
    return this.#take();
  }

  /** Who could not send for a while could not listen either. */
  #fence(now: number): void {
    const heldUpMs = this.#pulse.heldUpMs(now);
    if (heldUpMs > this.#options.profile.fenceAfter) {
      this.#unsettle(now, `this node was held up for ${Math.round(heldUpMs)} ms`);
      this.#pulse.hurry(now);
    }
  }

  #unsettle(now: number, because: string): void {
    this.#vigil.beginAnew(now);
    this.#settling.begin(now, because);
  }

  #beat(now: number): void {
    if (this.#pulse.beats(now)) {
      // to ask costs the reading of a file for each link
      this.#vigil.listen(!this.#vigil.isQuiet(now) || this.#options.hearsFrames(), now);
      for (const to of this.#neighbourhood.observers(now)) {
        this.#send(to, this.#heartbeatTo(to, now));
      }
    }
    for (const to of this.#pulse.greeted(now)) {
      this.#send(to, this.#heartbeatTo(to, now));
    }
  }

  #heartbeatTo(to: string, now: number): Heartbeat {
    return {
      kind: "heartbeat",
      incarnation: this.#incarnation,
      isDeaf: this.#vigil.isDeaf,
      hearsYou: this.#vigil.hears(to, now),
      hash: this.table.hash,
    };
  }

  #hear(from: string, heartbeat: Heartbeat, now: number): void {
    const record = this.table.member(from);
    const peer = this.#peers.of(from);
    if (record === undefined || isAfter(heartbeat.incarnation, record.incarnation)) {
      this.#vigil.heard(from, now);
      this.#askAbout(from, peer, now);
      return;
    }
    if (record.incarnation !== heartbeat.incarnation || record.state !== MemberState.alive) {
      // it makes a new incarnation if that is wrong
      if (peer.takeTurnToCorrect(now)) {
        this.#replica.tell(from, [from], []);
      }
      return;
    }
    this.#vigil.heard(from, now);
    // whom this node sends no heartbeats cannot hear any
    const mayHear = this.#neighbourhood.isObserver(from);
    const hearsThis = peer.newsOfHearing(heartbeat.hearsYou || !mayHear);
    if (hearsThis !== undefined) {
      this.#effects.push({ kind: "hearing", node: from, hearsThis });
    }
    if (peer.isDeaf(heartbeat.isDeaf) && this.isSettled && now >= this.claimsFrom) {
      this.#hold(from, MemberState.dead, { because: `${from} hears nobody`, now });
    }
    if (peer.isDifferent(heartbeat.hash === this.table.hash)) {
      this.#askAbout(from, peer, now);
    }
  }

  #askAbout(from: string, peer: Peer, now: number): void {
    if (peer.takeTurnToAsk(now, this.#options.profile.askEvery)) {
      this.#replica.ask(from);
    }
  }

  /** Holds a member for worse than it says. */
  #hold(node: string, state: MemberState, news: News): void {
    const record = this.table.member(node);
    if (record !== undefined) {
      this.#replica.put({ ...record, state }, news);
    }
  }

  #learned(record: MemberRecord, before: MemberRecord | undefined, news: News): void {
    const { node, state } = record;
    const { because, now, silentMs = this.#vigil.silenceOf(node, now) } = news;
    if (before?.incarnation !== record.incarnation) {
      this.#vigil.reborn(node, now);
    }
    if (before?.state === state) {
      if (!isSameInfo(before.info, record.info)) {
        this.#effects.push({ kind: "info", node });
      }
      return;
    }
    if (state === MemberState.alive && before?.state !== MemberState.restarting) {
      this.#peers.of(node).aliveSince = now;
    }
    const isDown = state === MemberState.speakerDown || state === MemberState.dead;
    const silence = isDown && silentMs !== undefined ? { silentMs } : {};
    const change = { node, from: before?.state, to: state, because, ...silence };
    this.#effects.push({ kind: "member", change });
    if ((before?.state ?? MemberState.dead) === MemberState.dead || state === MemberState.dead) {
      this.#neighbourhood.outdate();
    }
  }

  /** Others know of a later life of this node, or hold it for worse than it is. */
  #learnedOfSelf(record: MemberRecord, from: string, now: number): void {
    const own = this.table.member(this.#options.self);
    if (own?.state !== MemberState.alive || !isNewerRecord(record, own)) {
      return;
    }
    // in two steps: what comes after that life need not come after this node's own
    this.#replica.put({ ...own, incarnation: record.incarnation }, { because: "it lives", now });
    this.#incarnation = record.incarnation;
    if (record.state === MemberState.dead) {
      // it goes on answering until it knows better: who was cut off says that of all
      this.#vigil.beginAnew(now);
      this.#replica.doubt(from);
    }
    this.#reincarnate(MemberState.alive, now, "it lives");
  }

  #reincarnate(state: MemberState, now: number, because: string): void {
    if (this.#startedAt === undefined) {
      return;
    }
    const incarnation = nextAfter(this.#incarnation);
    this.#incarnation = incarnation;
    const { self: node } = this.#options;
    this.#replica.put({ node, incarnation, state, info: this.#info }, { because, now });
  }

  #send(to: string, message: Message): void {
    this.#effects.push({ kind: "send", to, message });
  }

  #take(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
