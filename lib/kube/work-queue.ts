import { inspect } from "node:util";
import type { Log } from "#lib/log/log.ts";
import { aborted } from "./aborted.ts";
import { Backoff } from "./backoff.ts";
import { type Clock, systemClock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import { Outage } from "./outage.ts";

export interface WorkQueueOptions {
  /** In log lines. */
  readonly name: string;
  readonly log: Log;
  /** How many keys are worked on at once, asked before each; 1 when not said. */
  readonly concurrency?: () => number;
  /** The wait after the first failure, about; 5 when not said. */
  readonly firstRetryMs?: number;
  readonly clock?: Clock;
  /** 0 … 1. */
  readonly random?: () => number;
}

const FIRST_RETRY_MS = 5;
const MAX_RETRY_MS = 30_000;

/**
 * So long work goes on end. Work that waits for nothing outside follows upon itself in microtasks, before which no
 * timer fires and no socket is read: thousands of keys would hold up the renewal of a lease.
 */
const TURN_MS = 5;

/** A key waits for its retry. */
interface Wait {
  /** The server asked for it: adding the key does not end it. */
  readonly isAskedFor: boolean;
  readonly end: AbortController;
}

interface Session<Key> {
  readonly signal: AbortSignal;
  readonly handler: (key: Key, signal: AbortSignal) => Promise<void>;
}

/**
 * Keys that want work, each handed to one worker at a time. A key added while it is worked on is worked on once
 * more; one whose work throws comes back after a wait that doubles, or at once when it is added again.
 */
export class WorkQueue<Key extends string = string> {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  readonly #outage: Outage;
  readonly #ready = new Set<Key>();
  readonly #tasks = new Map<Key, Promise<void>>();
  /** Of the keys whose last work failed. */
  readonly #backoffs = new Map<Key, Backoff>();
  /** Those of them that the API refused or did not answer, for other reasons than a conflict. */
  readonly #failing = new Set<Key>();
  readonly #waits = new Map<Key, Wait>();
  #session: Session<Key> | undefined;
  /** When work began in this turn of the event loop. */
  #turnSince: number | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#outage = new Outage(options.log, this.#clock, "work", { queue: options.name });
  }

  add(key: Key): void {
    this.#ready.add(key);
    this.#start();
  }

  /** Works until the signal aborts, then waits for what is under way. What is not done stays for the next run. */
  async run(signal: AbortSignal, handler: Session<Key>["handler"]): Promise<void> {
    this.#session = { signal, handler };
    this.#start();
    await aborted(signal);
    for (const key of [...this.#waits.keys()]) {
      this.#endWait(key);
    }
    await Promise.all(this.#tasks.values());
  }

  #start(): void {
    for (const key of this.#ready) {
      const isFull = this.#tasks.size >= (this.#options.concurrency?.() ?? 1);
      if (isFull || this.#session === undefined || this.#session.signal.aborted) {
        return;
      }
      if (!(this.#tasks.has(key) || this.#waits.get(key)?.isAskedFor)) {
        if (this.#turnIsOver()) {
          return;
        }
        this.#endWait(key);
        this.#ready.delete(key);
        this.#tasks.set(key, this.#work(key, this.#session));
      }
    }
  }

  /** Whether timers and sockets have waited long enough. The rest of the keys has its turn after them. */
  #turnIsOver(): boolean {
    const now = this.#clock.now();
    if (this.#turnSince === undefined) {
      this.#turnSince = now;
      setImmediate(() => {
        this.#turnSince = undefined;
        this.#start();
      });
    }
    return now - this.#turnSince >= TURN_MS;
  }

  async #work(key: Key, { handler, signal }: Session<Key>): Promise<void> {
    // Whoever adds a key goes on before the work on it begins.
    await Promise.resolve();
    try {
      await handler(key, signal);
      this.#succeeded(key);
    } catch (error) {
      if (signal.aborted) {
        this.#ready.add(key);
      } else {
        this.#failed(key, error);
      }
    }
    this.#tasks.delete(key);
    this.#start();
  }

  #succeeded(key: Key): void {
    this.#backoffs.delete(key);
    if (this.#failing.delete(key) && this.#failing.size === 0) {
      this.#outage.over();
    }
  }

  #failed(key: Key, error: unknown): void {
    const {
      firstRetryMs: firstMs = FIRST_RETRY_MS,
      log,
      name,
      random = Math.random,
    } = this.#options;
    const known = this.#backoffs.get(key);
    const backoff = known ?? new Backoff({ firstMs, maxMs: MAX_RETRY_MS, random });
    this.#backoffs.set(key, backoff);
    if (!(error instanceof KubeError)) {
      const level = known === undefined ? "error" : "debug";
      log[level]("work threw", { queue: name, key, error: inspect(error) });
    } else if (error.conflict) {
      log.debug("work met a conflict", { queue: name, key, error: error.message });
    } else {
      this.#failing.add(key);
      this.#outage.failed(error, { key });
    }
    const askedMs = error instanceof KubeError ? error.retryAfterMs : 0;
    void this.#retry(key, backoff.next(askedMs), askedMs > 0);
  }

  async #retry(key: Key, waitMs: number, isAskedFor: boolean): Promise<void> {
    const end = new AbortController();
    this.#waits.set(key, { isAskedFor, end });
    await this.#clock.delay(waitMs, end.signal);
    if (!end.signal.aborted) {
      this.#endWait(key);
      this.#start();
    }
  }

  #endWait(key: Key): void {
    const wait = this.#waits.get(key);
    if (wait !== undefined) {
      this.#ready.add(key);
      this.#waits.delete(key);
      wait.end.abort();
    }
  }
}
