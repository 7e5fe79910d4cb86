/**
 * What one observer knows of one member, and what it concludes.
 *
 *  record       | silence                                   | then
 *  -------------|-------------------------------------------|--------------------------------------------------
 *  alive        | 150 ms                                    | probe the kernel every 50 ms
 *  alive        | 325 ms, kernel answers                    | vote speakerDown; with a quorum it is so
 *  alive        | 325 ms, no answer                         | vote down; with a quorum it is dead
 *  alive        | 500 ms, nobody can second                 | the same, alone
 *  alive        | 700 ms, most members silent               | the same
 *  alive        | 700 ms, and nobody seconds or objects     | the same
 *  any          | most members and all other hosts silent   | nothing: it may be the observer's own fault
 *  restarting,  | 350 ms without an answer of the kernel    | vote down; with a quorum it is dead
 *  speakerDown  | (500 ms where nobody can second)          |
 *  restarting   | 30 s, kernel never answered a probe       | the same
 *  any          | a heartbeat                               | all votes are void
 *  dead         |                                           | only the member itself ends that
 *
 * The times are those of the profile "balanced", but for the 30 s.
 */

import { MemberState } from "./member-record.ts";
import { Finding } from "./message.ts";
import type { Profile } from "./profile.ts";

/** A living member is probed that often, to know whether its kernel answers probes at all; sooner until it has. */
const ROUTINE_PROBE_MS = 60_000;
const FIRST_PROBES_MS = 1_000;

/** Who said that it restarts has so long where its kernel cannot be asked: as long as its speaker keeps what it owns. */
const RESTART_MS = 30_000;

/** An observer that has not heard so many heartbeats of a member does not know its rhythm. */
const KNOWN_AFTER = 3;

export interface Surroundings {
  /** Of the member's record. */
  readonly state: MemberState;
  /** Votes that are needed, this observer's among them: 1 or 2. */
  readonly quorum: number;
  /** Most members that this observer watches are silent. */
  readonly isUnwell: boolean;
  /** And so is everybody else: this observer knows nothing. */
  readonly isCutOff: boolean;
}

export interface Judgement {
  /** The kernel is to be asked now. */
  readonly probe: boolean;
  /** What this observer says to the others now. */
  readonly vote: Finding | undefined;
  /** What the member is from now on. */
  readonly verdict: typeof MemberState.speakerDown | typeof MemberState.dead | undefined;
}

const NOTHING: Judgement = { probe: false, vote: undefined, verdict: undefined };

interface Vote {
  readonly finding: Finding;
  readonly at: number;
}

export class Watch {
  readonly #profile: Profile;
  /** When this observer began to watch, or last heard the member or somebody who hears it. */
  #lifeAt: number;
  #heardAt = Number.NEGATIVE_INFINITY;
  #heartbeats = 0;
  #probedAt = Number.NEGATIVE_INFINITY;
  #routineAt: number;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** It answered a probe while it was alive, so that silence of its kernel means something. */
  #canAnswer = false;
  #votedAt = Number.NEGATIVE_INFINITY;
  #judgedAt = Number.NEGATIVE_INFINITY;
  readonly #votes = new Map<string, Vote>();

  constructor(profile: Profile, now: number) {
    this.#profile = profile;
    this.#lifeAt = now;
    this.#routineAt = now;
  }

  /** When the member itself was last heard; -Infinity: never. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** When its kernel last answered a probe; -Infinity: never. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /** Whether this observer has voted since it last knew of life. */
  get isSuspicious(): boolean {
    return this.#votedAt > this.#lifeAt;
  }

  /** Neither it nor anybody who hears it was heard for so long. */
  isSilentFor(ms: number, now: number): boolean {
    // not a difference: what is to be done at an instant has to be due when it has come
    return now >= this.#lifeAt + ms;
  }

  heard(now: number): void {
    this.#heardAt = now;
    this.#lifeAt = now;
    this.#heartbeats += 1;
    this.#votes.clear();
  }

  /** Somebody else hears the member. */
  objected(now: number): void {
    this.#lifeAt = now;
    this.#votes.clear();
  }

  /** The member has a new incarnation: votes on the former one are void. */
  reborn(now: number): void {
    this.#lifeAt = now;
    this.#votes.clear();
  }

  answered(now: number): void {
    this.#answeredAt = now;
    this.#canAnswer = true;
  }

  voted(voter: string, finding: Finding, now: number): void {
    this.#votes.set(voter, { finding, at: now });
  }

  judge(now: number, { isCutOff, isUnwell, quorum, state }: Surroundings): Judgement {
    this.#judgedAt = now;
    if (state === MemberState.dead) {
      return NOTHING;
    }
    const { probeAfter, probeEvery, voteEvery } = this.#profile;
    if (!this.isSilentFor(probeAfter, now)) {
      return this.#isRoutineDue(now) ? { ...NOTHING, probe: true } : NOTHING;
    }
    const probe = now >= this.#probedAt + probeEvery;
    if (probe) {
      this.#probedAt = now;
    }
    const finding = isCutOff ? undefined : this.#findingOn(state, now, quorum, isUnwell);
    if (finding === undefined) {
      return { ...NOTHING, probe };
    }
    const vote = now >= this.#votedAt + voteEvery ? finding : undefined;
    if (vote !== undefined) {
      this.#votedAt = now;
    }
    return { probe, vote, verdict: this.#verdict(finding, state, now, quorum) };
  }

  /** When `judge` may have something else to say; a vote or a heartbeat may come before. */
  nextDeadline(now: number, state: MemberState): number {
    const { probeAfter, probeEvery } = this.#profile;
    if (state === MemberState.dead) {
      return Number.POSITIVE_INFINITY;
    }
    return this.isSilentFor(probeAfter, now)
      ? Math.min(this.#probedAt + probeEvery, this.#nextVoteAt())
      : Math.min(this.#lifeAt + probeAfter, Math.max(now, this.#routineAt));
  }

  /** When it may vote on a living member, or vote again; Infinity: at its next probe at the earliest. */
  #nextVoteAt(): number {
    const { voteAfter, voteAloneAfter, voteEvery, voteUnwellAfter } = this.#profile;
    let next = Number.POSITIVE_INFINITY;
    for (const limit of [voteAfter, voteAloneAfter, voteUnwellAfter]) {
      const at = this.#lifeAt + limit;
      next = at > this.#judgedAt ? Math.min(next, at) : next;
    }
    const againAt = this.#votedAt + voteEvery;
    return againAt > this.#judgedAt ? Math.min(next, againAt) : next;
  }

  #isRoutineDue(now: number): boolean {
    if (now < this.#routineAt) {
      return false;
    }
    this.#routineAt = now + (this.#canAnswer ? ROUTINE_PROBE_MS : FIRST_PROBES_MS);
    return true;
  }

  #findingOn(
    state: MemberState,
    now: number,
    quorum: number,
    isUnwell: boolean,
  ): Finding | undefined {
    const { voteAfter, voteAloneAfter, voteUnwellAfter } = this.#profile;
    if (state !== MemberState.alive) {
      const limit = this.#limitOfKernel(state, quorum);
      const isDown = this.isSilentFor(limit, now) && now >= this.#answeredAt + limit;
      return isDown ? Finding.down : undefined;
    }
    const isAlone = quorum === 1 || this.#heartbeats < KNOWN_AFTER || !this.#canAnswer;
    const limit = isUnwell ? voteUnwellAfter : isAlone ? voteAloneAfter : voteAfter;
    if (!this.isSilentFor(limit, now)) {
      return undefined;
    }
    return this.#kernelAnswers() ? Finding.speakerDown : Finding.down;
  }

  /** For so long the kernel of a member whose speaker is down may be silent. */
  #limitOfKernel(state: MemberState, quorum: number): number {
    if (state === MemberState.restarting && !this.#canAnswer) {
      return RESTART_MS;
    }
    return quorum === 1 ? this.#profile.voteAloneAfter : this.#profile.kernelDeadAfter;
  }

  /** Whether it answered when two heartbeats were overdue: of those who die few lose both before. */
  #kernelAnswers(): boolean {
    return this.#answeredAt >= this.#lifeAt + this.#profile.answerCountsFrom;
  }

  /** Whoever could say anything of it would have done so by now: they may all have died at once. */
  #isLongGone(state: MemberState, now: number): boolean {
    const { voteUnwellAfter } = this.#profile;
    const answersNot = state === MemberState.alive || now >= this.#answeredAt + voteUnwellAfter;
    return this.isSilentFor(voteUnwellAfter, now) && answersNot;
  }

  #verdict(
    finding: Finding,
    state: MemberState,
    now: number,
    quorum: number,
  ): Judgement["verdict"] {
    let voting = 1;
    let seconding = 1;
    for (const { at, finding: theirs } of this.#votes.values()) {
      const isLive = now - at < this.#profile.voteLife;
      voting += isLive ? 1 : 0;
      // whoever got an answer of the kernel knows better than who got none
      seconding += isLive && theirs >= finding ? 1 : 0;
    }
    const isLeftAlone = voting === 1 && this.#isLongGone(state, now);
    if (seconding < quorum && !isLeftAlone) {
      return undefined;
    }
    if (finding === Finding.down) {
      return MemberState.dead;
    }
    return state === MemberState.alive ? MemberState.speakerDown : undefined;
  }
}
