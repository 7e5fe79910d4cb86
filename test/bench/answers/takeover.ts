/** How soon a node announces ten thousand addresses when their owner dies. */

import type { SpeakerHandle } from "#test/wire/lab/speaker-handle.ts";
import { ASKER, addressAt, type Scene, SPEAKER } from "./scene.ts";
import type { WatchResult } from "./traffic.ts";

const COUNT = 10_000;
/** The asker's node comes first, and the speaker takes over from it. */
const ORDER = [ASKER.name, SPEAKER.name];
/** The owner, started again, has its addresses back soon. */
const FAILBACK_MS = 500;
const RUNS = 10;
const WATCH_SECONDS = 2;
const WATCH_AT_RATE_SECONDS = 8;
/** Those at the end of the addresses, so that no order but that of the questions puts them first. */
const REQUESTED = 100;
const REQUESTS_PER_SECOND = 100;

export interface TakeoverResult {
  /** Milliseconds from the first address that was announced to the last, without a rate; each run. */
  readonly allAnnouncedMs: readonly number[];
  /** Addresses that a run left out. */
  readonly leftOut: number;
  /** Frames of announcements, at the rate by default. */
  readonly mostInASecond: number;
  readonly requested: number;
  /** At that rate, the place of the last of the requested ones, counted from 1. */
  readonly lastRequestedPlace: number;
}

export async function measureTakeover(scene: Scene): Promise<TakeoverResult> {
  const runs = await takeOvers(scene);
  const { mostInASecond, firstMs } = await takeOverAtRate(scene);
  const lastRequested = Math.max(...firstMs.slice(-REQUESTED));
  return {
    allAnnouncedMs: runs.map((run) => Math.max(...run.firstMs)),
    leftOut: [...runs.flatMap((run) => run.firstMs), ...firstMs].filter((ms) => ms < 0).length,
    mostInASecond,
    requested: REQUESTED,
    lastRequestedPlace: firstMs.filter((ms) => ms <= lastRequested).length,
  };
}

async function takeOvers(scene: Scene): Promise<readonly WatchResult[]> {
  const options = { order: ORDER, announceRate: 0, failbackMs: FAILBACK_MS } as const;
  const successor = await scene.start(SPEAKER, "IPv4", COUNT, options);
  const runs: WatchResult[] = [];
  while (runs.length < RUNS) {
    const owner = await scene.start(ASKER, "IPv4", COUNT, options);
    runs.push(await takeOver(scene, owner, WATCH_SECONDS));
  }
  await successor.stop();
  return runs;
}

async function takeOverAtRate(scene: Scene): Promise<WatchResult> {
  const options = { order: ORDER, failbackMs: FAILBACK_MS } as const;
  const successor = await scene.start(SPEAKER, "IPv4", COUNT, options);
  const owner = await scene.start(ASKER, "IPv4", COUNT, { ...options, announceRate: 0 });
  await scene.traffic.flood({
    family: "IPv4",
    first: addressAt("IPv4", COUNT - REQUESTED),
    count: REQUESTED,
    askers: 1,
    perSecond: REQUESTS_PER_SECOND,
    seconds: (2 * REQUESTED) / REQUESTS_PER_SECOND,
  });
  const result = await takeOver(scene, owner, WATCH_AT_RATE_SECONDS);
  await successor.stop();
  return result;
}

async function takeOver(scene: Scene, owner: SpeakerHandle, seconds: number): Promise<WatchResult> {
  const { result } = await scene.traffic.watch("IPv4", addressAt("IPv4", 0), COUNT, seconds);
  // a node whose kernel lives keeps its addresses
  scene.answerArp(ASKER, false);
  owner.kill();
  const watched = await result;
  scene.answerArp(ASKER, true);
  return watched;
}
