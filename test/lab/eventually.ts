/** Waiting for what another process will make true, without a guess at how long that takes. */

import { setTimeout as delay } from "node:timers/promises";

export interface Patience {
  /** Milliseconds until we give up: a bound on liveness, not a measure of speed. */
  readonly withinMs?: number;
  /** Says why no later attempt can succeed, once that is so; one more attempt is made then. */
  readonly whyHopeless?: () => string | undefined;
}

export type Falsy = false | 0 | 0n | "" | null | undefined;

const DEFAULT_PATIENCE_MS = 30_000;
const PAUSE_MS = 20;

/**
 * Repeats an attempt until it returns something truthy, and gives that back.
 *
 * @throws {Error} when the time is up; its cause is what the last attempt threw, and its message says it
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { withinMs = DEFAULT_PATIENCE_MS, whyHopeless }: Patience = {},
): Promise<Exclude<T, Falsy>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const hopeless = whyHopeless?.();
    const failure = await tryOnce(attempt);
    if ("value" in failure) {
      return failure.value;
    }
    if (hopeless !== undefined || performance.now() > deadline) {
      const verdict = hopeless ?? `Not so within ${withinMs} ms`;
      throw new Error(`${verdict}: ${failure.why}`, { cause: failure.cause });
    }
    await delay(PAUSE_MS);
  }
}

type Attempt<T> =
  | { readonly value: Exclude<T, Falsy> }
  | { readonly why: string; readonly cause: unknown };

async function tryOnce<T>(attempt: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    const value = await attempt();
    return value
      ? { value: value as Exclude<T, Falsy> }
      : { why: `the last attempt gave ${String(value)}`, cause: undefined };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error), cause: error };
  }
}
