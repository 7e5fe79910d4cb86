import { type MemberRecord, MemberState } from "./member-record.ts";
import type { Message, Vote } from "./message.ts";
import type { Neighbourhood } from "./neighbourhood.ts";
import type { Profile } from "./profile.ts";
import type { News } from "./replica.ts";
import { isAfter } from "./serial.ts";
import { type Judgement, Watch } from "./watch.ts";

/** Who heard a frame at last after it was deaf has so long to find out who is dead. */
const HEARS_FOR_MS = 1_000;

/** All that a vigil has done. */
export interface VigilOutside {
  send(to: string, message: Message): void;
  probe(node: string): void;
  /** A quorum of its observers holds the member for that. */
  concluded(node: string, verdict: NonNullable<Judgement["verdict"]>, news: News): void;
  /** Tells a member what is held of another. */
  tell(to: string, about: string): void;
  record(node: string): MemberRecord | undefined;
}

/** The watch that this node keeps over those whom it observes, together with their other observers. */
export class Vigil {
  readonly #self: string;
  readonly #profile: Profile;
  readonly #neighbourhood: Neighbourhood;
  readonly #outside: VigilOutside;
  readonly #watches = new Map<string, Watch>();
  #followed: readonly string[] = [];
  #since = 0;
  #suspicions = 0;
  #isDeaf = false;
  #deafUntil = Number.NEGATIVE_INFINITY;

  constructor(self: string, profile: Profile, neighbourhood: Neighbourhood, outside: VigilOutside) {
    this.#self = self;
    this.#profile = profile;
    this.#neighbourhood = neighbourhood;
    this.#outside = outside;
  }

  /** Watches over those whom this node has come to observe, and over nobody else. */
  follow(now: number): void {
    this.#neighbourhood.lookAround(now);
    const { subjects } = this.#neighbourhood;
    if (subjects === this.#followed) {
      return;
    }
    this.#followed = subjects;
    const isFollowed = new Set(subjects);
    for (const node of this.#watches.keys()) {
      if (!isFollowed.has(node)) {
        this.#watches.delete(node);
      }
    }
    for (const node of subjects) {
      if (!this.#watches.has(node)) {
        this.#watches.set(node, new Watch(this.#profile, now));
      }
    }
  }

  /** Nobody could be heard until now. */
  beginAnew(now: number): void {
    this.#since = now;
    for (const watch of this.#watches.values()) {
      watch.reborn(now);
    }
  }

  heard(node: string, now: number): void {
    this.listen(true, now);
    this.#watches.get(node)?.heard(now);
  }

  objected(node: string, now: number): void {
    this.#watches.get(node)?.objected(now);
  }

  reborn(node: string, now: number): void {
    this.#watches.get(node)?.reborn(now);
  }

  answered(node: string, now: number): void {
    this.#watches.get(node)?.answered(now);
  }

  /** How many silences were so long that this node voted on them. */
  get suspicions(): number {
    return this.#suspicions;
  }

  /** Whole milliseconds since the node itself was heard; undefined: it never was. */
  silenceOf(node: string, now: number): number | undefined {
    const heardAt = this.#watches.get(node)?.heardAt ?? Number.NEGATIVE_INFINITY;
    return heardAt < 0 ? undefined : Math.round(now - heardAt);
  }

  /** Whether the node itself was heard lately. */
  hears(node: string, now: number): boolean {
    const heardAt = this.#watches.get(node)?.heardAt ?? Number.NEGATIVE_INFINITY;
    return now < heardAt + this.#profile.voteAfter;
  }

  hearsNobody(now: number): boolean {
    return this.#areAllSilentFor(this.#profile.voteAfter, now);
  }

  /**
   * Nobody was heard for so long that a heartbeat may be lost: it is time to look whether anything else is heard. That is
   * before `hearsNobody`, for the first answer is of what came since the last quiet.
   */
  isQuiet(now: number): boolean {
    return this.#areAllSilentFor(this.#profile.probeAfter, now);
  }

  #areAllSilentFor(ms: number, now: number): boolean {
    return (
      this.#watches.size > 0 && this.#watches.values().every((watch) => watch.isSilentFor(ms, now))
    );
  }

  /** Neither a member is heard nor any other host. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  /** Takes whether any frame at all came in lately. */
  listen(hearsFrames: boolean, now: number): void {
    const isDeaf = !hearsFrames && this.hearsNobody(now);
    if (this.#isDeaf && !isDeaf) {
      this.#deafUntil = now;
      this.beginAnew(now);
    }
    // a few frames an hour come to a node that is alone, and it is to serve
    this.#isDeaf = isDeaf && now >= this.#deafUntil + HEARS_FOR_MS;
  }

  hearVote(from: string, { subject, finding, incarnation }: Vote, now: number): void {
    const record = this.#outside.record(subject);
    const watch = this.#watches.get(subject);
    if (record === undefined) {
      return;
    }
    if (isAfter(record.incarnation, incarnation) || record.state === MemberState.dead) {
      this.#outside.tell(from, subject);
    } else if (watch !== undefined && record.incarnation === incarnation) {
      const isHeard = !watch.isSilentFor(this.#profile.probeAfter, now);
      if (record.state === MemberState.alive && isHeard) {
        this.#outside.send(from, { kind: "heard", subject, incarnation });
      } else {
        watch.voted(from, finding, now);
        this.#judge(subject, watch, now);
      }
    }
  }

  /** When `judge` may have something new to say at the earliest, unless somebody is heard before. */
  nextDeadline(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [subject, watch] of this.#watches) {
      next = Math.min(next, watch.nextDeadline(now, this.#stateOf(subject)));
    }
    return next;
  }

  judge(now: number): void {
    for (const [subject, watch] of [...this.#watches]) {
      this.#judge(subject, watch, now);
    }
  }

  #judge(subject: string, watch: Watch, now: number): void {
    const record = this.#outside.record(subject);
    if (record === undefined) {
      return;
    }
    const wasSuspicious = watch.isSuspicious;
    const isUnwell = this.#isUnwell(now);
    const { probe, verdict, vote } = watch.judge(now, {
      state: record.state,
      quorum: this.#quorumOn(subject, now),
      isUnwell,
      isCutOff: isUnwell && this.#isDeaf,
    });
    if (probe) {
      this.#outside.probe(subject);
    }
    if (vote !== undefined) {
      this.#suspicions += wasSuspicious ? 0 : 1;
      const { incarnation } = record;
      for (const to of this.#otherObserversOf(subject)) {
        this.#outside.send(to, { kind: "vote", subject, incarnation, finding: vote });
      }
    }
    if (verdict !== undefined) {
      this.#conclude(subject, watch, verdict, now);
    }
  }

  #conclude(
    subject: string,
    watch: Watch,
    verdict: NonNullable<Judgement["verdict"]>,
    now: number,
  ): void {
    const silentMs = Math.round(now - Math.max(watch.heardAt, this.#since));
    const because =
      verdict === MemberState.dead
        ? `${subject} is dead: no heartbeat for ${silentMs} ms, and its kernel does not answer`
        : `the speaker on ${subject} is silent for ${silentMs} ms, but its kernel answers`;
    const observers = this.#otherObserversOf(subject);
    this.#outside.concluded(subject, verdict, { because, now, silentMs });
    for (const to of observers) {
      this.#outside.tell(to, subject);
    }
  }

  #otherObserversOf(subject: string): readonly string[] {
    return this.#neighbourhood.observersOf(subject).filter((node) => node !== this.#self);
  }

  /** Votes that are needed: 2 where another observer lives, as far as this node can tell. */
  #quorumOn(subject: string, now: number): number {
    const canSecond = this.#otherObserversOf(subject).some(
      (node) =>
        this.#stateOf(node) === MemberState.alive &&
        this.#watches.get(node)?.isSilentFor(this.#profile.voteAfter, now) !== true,
    );
    return canSecond ? 2 : 1;
  }

  /** Most of those whom it watches are silent: that may be its own fault. */
  #isUnwell(now: number): boolean {
    let living = 0;
    let silent = 0;
    for (const [node, watch] of this.#watches) {
      if (this.#stateOf(node) !== MemberState.dead) {
        living += 1;
        silent += watch.isSilentFor(this.#profile.voteAfter, now) ? 1 : 0;
      }
    }
    return living > 1 && silent * 2 > living;
  }

  #stateOf(node: string): MemberState {
    return this.#outside.record(node)?.state ?? MemberState.dead;
  }
}
