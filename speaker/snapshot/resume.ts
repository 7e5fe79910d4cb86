import { aborted } from "#lib/kube/aborted.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { Log } from "#lib/log/log.ts";
import type { Snapshot } from "./snapshot.ts";

/** An API server that is up has begun to answer by then, and two seconds from the start to the first answer are kept. */
export const FIRST_ANSWER_MS = 500;

/** One that has begun is up, and what it has not told yet is newer than any snapshot; it may die in the middle, too. */
export const ALL_ANSWERS_MS = 5_000;

export interface ResumeOptions {
  /** Fulfilled when the membership key is known. */
  readonly key: Promise<void>;
  readonly log: Log;
  readonly clock?: Clock;
  /** How much the API server has told of Services, endpoints and nodes. */
  told(): "nothing" | "some" | "all";
  read(): Promise<Snapshot | undefined>;
  resume(snapshot: Snapshot): void;
}

/**
 * Begins from the snapshot when the API server does not answer. If it answers, nothing is announced that the cluster may
 * have removed meanwhile; a configuration that cannot be used is no silence.
 */
export async function resumeIfSilent(options: ResumeOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock, key, log } = options;
  await clock.delay(FIRST_ANSWER_MS, signal);
  const isPartial = options.told() !== "nothing";
  if (isPartial) {
    await clock.delay(ALL_ANSWERS_MS - FIRST_ANSWER_MS, signal);
  }
  await Promise.race([key, aborted(signal)]);
  const snapshot = signal.aborted || options.told() === "all" ? undefined : await options.read();
  if (snapshot === undefined || signal.aborted || options.told() === "all") {
    return;
  }
  options.resume(snapshot);
  log.warn(
    isPartial
      ? "resumed from the snapshot: the API server does not answer all"
      : "resumed from the snapshot: the API server does not answer",
    {
      ageSeconds: Math.round((clock.wall() - snapshot.takenAtMs) / 1_000),
      services: snapshot.rows.length,
      nodes: snapshot.members.length,
    },
  );
}
