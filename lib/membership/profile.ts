/** How patient members are with each other. All times are milliseconds. */

export const PROFILE_NAMES = ["fast", "balanced", "calm"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

export interface Profile {
  /** Between two heartbeats to an observer, give or take a twentieth, so that a segment does not speak in chorus. */
  readonly heartbeat: number;
  /** A member that is silent for so long is probed: one heartbeat may have been lost. */
  readonly probeAfter: number;
  /** Between two probes of the kernel of a silent member. */
  readonly probeEvery: number;
  /** So long after the last sign of life an answer begins to count: who answered before may have died since, silent or not. */
  readonly answerCountsFrom: number;
  /** Silence after which an observer votes: three heartbeats are lost, the last due by 315 ms if no turn is late, and four probes, the last at 300. */
  readonly voteAfter: number;
  /** The same where nobody can second the vote, or the observer has hardly heard the member itself. */
  readonly voteAloneAfter: number;
  /** The same when most of the observer's members are silent: then it may be the observer's own fault. */
  readonly voteUnwellAfter: number;
  /** Without an answer to probes for so long, a member whose speaker is known to be down is dead: seven probes. */
  readonly kernelDeadAfter: number;
  /** Between two sendings of a vote. */
  readonly voteEvery: number;
  /** A vote counts for so long after it came last: three sendings may be lost. */
  readonly voteLife: number;
  /** Between two signs of life to members that are held dead, so that the sides of a healed partition meet. */
  readonly heartbeatToDead: number;
  /** Former observers go on hearing a member for so long after the ring changed: others learn of it later. */
  readonly keepObservers: number;
  /** Who could not send for so long does not answer before it has asked: another may have taken its addresses. */
  readonly fenceAfter: number;
  /** Who asks and gets no answer at all for so long is alone, and serves. */
  readonly askFor: number;
  /** Between two questions. */
  readonly askEvery: number;
  /** So long after its start a member claims nothing that nobody has: it may not have heard of everybody yet. */
  readonly startHold: number;
}

const BALANCED: Profile = {
  heartbeat: 100,
  probeAfter: 150,
  probeEvery: 50,
  answerCountsFrom: 210,
  voteAfter: 325,
  voteAloneAfter: 500,
  voteUnwellAfter: 700,
  kernelDeadAfter: 350,
  voteEvery: 50,
  voteLife: 200,
  heartbeatToDead: 400,
  keepObservers: 2_000,
  fenceAfter: 200,
  askFor: 300,
  askEvery: 50,
  startHold: 1_000,
};

/** `calm` is for hosts that move virtual machines about, which stand still for up to a second. */
const FACTORS: Readonly<Record<ProfileName, number>> = { fast: 0.5, balanced: 1, calm: 2.5 };

export function profileOf(name: ProfileName): Profile {
  const factor = FACTORS[name];
  const scaled = Object.entries(BALANCED).map(([key, ms]) => [key, ms * factor]);
  return { ...BALANCED, ...Object.fromEntries(scaled) };
}
