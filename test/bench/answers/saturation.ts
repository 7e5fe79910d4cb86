/** How many questions a second are answered, what an answer costs, and how long it takes. */

import { setTimeout as delay } from "node:timers/promises";
import type { Family } from "#lib/address/ip.ts";
import { memoryUseOf } from "#test/bench/memory-use.ts";
import { processorSecondsOf } from "#test/bench/processor-time.ts";
import type { SpeakerHandle } from "#test/wire/lab/speaker-handle.ts";
import { addressAt, foreignAddress, type Scene, SPEAKER, WITHOUT_LIMITS } from "./scene.ts";
import type { Load, Traffic } from "./traffic.ts";

const RUNS = 10;
/** From the first announcement to the last. */
const ANNOUNCED_MS = 4_000;
const SECONDS = 1.5;
export const PACE = { perSecond: 10_000, seconds: 1 } as const;
const FOREIGN_PER_SECOND = 300_000;
const ASKERS = 64;
/** No question is asked again within a tenth of a second, so that no answer is taken for that to another one. */
const PACED_QUESTIONS = 1_000;

export interface FloodRun {
  readonly sentPerSecond: number;
  readonly answersPerSecond: number;
  /** Of the speaker's processor time, for each answer. */
  readonly usPerAnswer: number;
}

export interface SaturationResult {
  readonly family: Family;
  /** Addresses of the speaker. */
  readonly addresses: number;
  readonly floods: readonly FloodRun[];
  /** Of IPv6, when the questions go to the groups of the addresses, which the kernel looks for one by one. */
  readonly toGroups: readonly FloodRun[];
  /** Microseconds of each answer, at 10,000 a second. */
  readonly latenciesUs: readonly number[];
  /** Per cent of a processor that 300,000 questions a second for foreign addresses take the speaker, each run. */
  readonly foreignPercent: readonly number[];
  /** MiB of the speaker, at the end. */
  readonly rss: number;
}

export async function measureSaturation(
  scene: Scene,
  family: Family,
  addresses: number,
): Promise<SaturationResult> {
  const speaker = await scene.start(SPEAKER, family, addresses, {
    ...WITHOUT_LIMITS,
    isPinned: true,
  });
  await delay(ANNOUNCED_MS);
  const toGroups = { family, first: addressAt(family, 0), count: addresses, askers: ASKERS };
  const load = family === "IPv6" ? { ...toGroups, onlyMac: SPEAKER.mac } : toGroups;
  const { traffic } = scene;
  // what is asked for the first time is told of, and the compiler has not seen the code
  await traffic.flood({ ...load, perSecond: 0, seconds: SECONDS });
  const floods = await times(() => floodRun(traffic, speaker, load));
  const groupFloods =
    family === "IPv6" ? await times(() => floodRun(traffic, speaker, toGroups)) : [];
  const paces = await times(() =>
    traffic.pace({
      ...load,
      count: Math.min(addresses, PACED_QUESTIONS),
      askers: PACED_QUESTIONS,
      ...PACE,
    }),
  );
  const foreignPercent = await times(() => foreignRun(traffic, speaker, toGroups));
  const { rss } = memoryUseOf(speaker.pid);
  await speaker.stop();
  return {
    family,
    addresses,
    floods,
    toGroups: groupFloods,
    latenciesUs: paces.flatMap((pace) => pace.latenciesUs),
    foreignPercent,
    rss,
  };
}

async function floodRun(
  traffic: Traffic,
  { pid }: SpeakerHandle,
  load: Omit<Load, "perSecond" | "seconds">,
): Promise<FloodRun> {
  const before = processorSecondsOf(pid);
  const { sent, answered, late, seconds } = await traffic.flood({
    ...load,
    perSecond: 0,
    seconds: SECONDS,
  });
  const used = processorSecondsOf(pid) - before;
  return {
    sentPerSecond: sent / seconds,
    answersPerSecond: answered / seconds,
    usPerAnswer: (used * 1e6) / Math.max(answered + late, 1),
  };
}

async function foreignRun(
  traffic: Traffic,
  { pid }: SpeakerHandle,
  load: Omit<Load, "perSecond" | "seconds">,
): Promise<number> {
  const before = processorSecondsOf(pid);
  const { seconds } = await traffic.flood({
    ...load,
    first: foreignAddress(load.family),
    perSecond: FOREIGN_PER_SECOND,
    seconds: SECONDS,
  });
  return (100 * (processorSecondsOf(pid) - before)) / seconds;
}

export async function times<T>(run: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  while (results.length < RUNS) {
    results.push(await run());
  }
  return results;
}
