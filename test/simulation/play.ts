import { hashNumber } from "#lib/membership/hash.ts";
import type { ProfileName } from "#lib/membership/profile.ts";
import type { Failure } from "./observer.ts";
import { LONG_SCENARIOS, SHORT_SCENARIOS } from "./scenarios/all.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { Telling } from "./timeline.ts";
import { World } from "./world.ts";

export interface PlayOptions {
  readonly seed: number;
  /** Drawn from 2 to 5 if not given. */
  readonly nodes?: number;
  readonly profile?: ProfileName;
  /** Its name; drawn if not given, every fifth from the long ones. */
  readonly scenario?: string;
  /** What is kept of the timeline beside its hash. */
  readonly telling?: Telling;
}

export interface Played {
  readonly seed: number;
  readonly scenario: string;
  readonly nodes: number;
  readonly profile: ProfileName;
  readonly failures: readonly Failure[];
  /** Milliseconds until an address was answered again whose owner had died. */
  readonly failovers: readonly number[];
  /** Hash of all that happened: 32 bits, twice. */
  readonly trace: string;
  readonly timeline: string;
}

const GROUPS = 3;
const START_WITHIN_MS = 400;
const FAILBACK_MS = 30_000;

/** Until a cluster that has just started is at rest, in milliseconds of the profile `balanced`. */
const WARM_UP_MS = 3_000;

/** Every seed that this divides plays a long scenario. */
const LONG_EVERY = 5;

const MOST_NODES = 5;

/** Plays what one seed draws. */
export function play({ seed, telling, profile = "balanced", ...options }: PlayOptions): Played {
  const scenario = scenarioOf(seed, options);
  const nodes = options.nodes ?? nodesOf(seed, scenario);
  const world = new World({
    seed,
    nodes,
    groups: GROUPS,
    profile,
    failbackMs: scenario.isWithoutFailback === true ? Number.POSITIVE_INFINITY : FAILBACK_MS,
    telling,
  });
  world.timeline.tell(0, "seed", `${seed}: ${scenario.name}, ${nodes} nodes, ${profile}`);
  try {
    world.startAll(START_WITHIN_MS);
    world.runFor(Math.max(WARM_UP_MS, world.scaled(WARM_UP_MS)));
    scenario.play(world, scenario.lastsMs);
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    world.observer.fail("works", world.now, what);
  }
  const { agenda, failovers, observer, timeline } = world;
  return {
    seed,
    scenario: scenario.name,
    nodes,
    profile,
    failures: observer.failures,
    failovers,
    trace: `${hex(agenda.hash)}${hex(timeline.hash)}`,
    timeline: timeline.text,
  };
}

function nodesOf(seed: number, { leastNodes }: Scenario): number {
  // by a hash, so that each scenario is played with each number
  return leastNodes + (hashNumber(seed, 0) % (MOST_NODES - leastNodes + 1));
}

/** @throws {RangeError} when there is none of the name for so many nodes */
function scenarioOf(seed: number, { scenario: name, nodes }: Partial<PlayOptions>): Scenario {
  const drawn = seed % LONG_EVERY === 0 ? LONG_SCENARIOS : SHORT_SCENARIOS;
  const named = [...SHORT_SCENARIOS, ...LONG_SCENARIOS].filter((each) => each.name === name);
  const fitting = (name === undefined ? drawn : named).filter(
    ({ leastNodes }) => nodes === undefined || leastNodes <= nodes,
  );
  const scenario = fitting[Math.floor(seed / LONG_EVERY) % fitting.length];
  if (scenario === undefined) {
    const size = nodes === undefined ? "" : ` for ${nodes} nodes`;
    throw new RangeError(`There is no scenario "${name}"${size}`);
  }
  return scenario;
}

function hex(hash: number): string {
  return hash.toString(16).padStart(8, "0");
}
