import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import type { Log } from "#lib/log/log.ts";
import { aborted } from "./aborted.ts";
import { Backoff } from "./backoff.ts";
import type { CallOptions, KubeClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import {
  type EventType,
  eventNamespace,
  newEvent,
  type Occurrence,
  type Regarding,
  repeatedEvent,
  type Source,
} from "./event-record.ts";
import { KubeError } from "./kube-error.ts";
import { Outage } from "./outage.ts";
import { eventsPath } from "./paths.ts";

export interface EventRecorderOptions extends Source {
  readonly log: Log;
  /** Whether something is under way that people wait for: Events wait for that. Never, when not said. */
  readonly isBusy?: () => boolean;
  readonly clock?: Clock;
  /** 0 … 1. */
  readonly random?: () => number;
}

/** So long an Event waits at most for what is more urgent. */
const MAX_DEFERRAL_MS = 120_000;
const DEFERRAL_PAUSE_MS = 20;
const SAME_EVENT_MS = 600_000;
/** A few hundred bytes each: as many as a cluster of 10,000 Services brings forth at once. */
const MAX_QUEUED = 20_000;
const MAX_REMEMBERED = 4096;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
const MAX_ATTEMPTS = 12;
const FLUSH_MS = 3000;

/** An Event that stands in the cluster. */
interface Written {
  readonly path: string;
  readonly count: number;
  /** When it was written last, by the monotonic clock. */
  readonly atMs: number;
}

/** What the recorder needs of a KubeClient. */
export type EventApi = Pick<KubeClient, "post" | "mergePatch">;

/**
 * Writes Events in the background, one at a time, when nothing more urgent is under way. What happens again within ten minutes raises the count of its
 * Event. Events are hints to people: whoever records one never waits, and when too many are queued the oldest go.
 */
export class EventRecorder {
  readonly #client: EventApi;
  readonly #source: Source;
  readonly #log: Log;
  readonly #isBusy: () => boolean;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  readonly #queue = new Map<string, Occurrence>();
  readonly #written = new Map<string, Written>();
  #overflowed = false;
  /** Something is queued, or it is time to end. */
  #wake = Promise.withResolvers<void>();

  constructor(client: EventApi, options: EventRecorderOptions) {
    const {
      log,
      isBusy = () => false,
      clock = systemClock,
      random = Math.random,
      ...source
    } = options;
    this.#isBusy = isBusy;
    this.#client = client;
    this.#source = source;
    this.#log = log;
    this.#clock = clock;
    this.#backoff = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random });
    this.#outage = new Outage(log, clock, "writing of Events", {});
  }

  /** Returns at once and never throws; it is written while run() runs. */
  record(regarding: Regarding, type: EventType, reason: string, message: string): void {
    const key = JSON.stringify([regarding.uid, regarding.name, type, reason, message]);
    const lastMs = this.#clock.wall();
    const {
      times = 0,
      firstMs = lastMs,
      id = randomBytes(8).toString("hex"),
    } = this.#queue.get(key) ?? {};
    this.#queue.set(key, {
      id,
      regarding,
      type,
      reason,
      message,
      times: times + 1,
      firstMs,
      lastMs,
    });
    this.#dropOldest();
    this.#wake.resolve();
  }

  /** Writes until the signal aborts, and then for at most three seconds what is still queued. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    void aborted(signal).then(async () => {
      this.#wake.resolve();
      await this.#clock.delay(FLUSH_MS, stop.signal);
      stop.abort();
    });
    while (!signal.aborted) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      await this.#writeQueued(stop.signal);
    }
    stop.abort();
  }

  #dropOldest(): void {
    const [oldest] = this.#queue.keys();
    if (this.#queue.size <= MAX_QUEUED || oldest === undefined) {
      return;
    }
    this.#queue.delete(oldest);
    if (!this.#overflowed) {
      this.#overflowed = true;
      this.#log.warn("Events are lost, more happens than can be written", { queued: MAX_QUEUED });
    }
  }

  async #writeQueued(signal: AbortSignal): Promise<void> {
    for (let [next] = this.#queue; next !== undefined && !signal.aborted; [next] = this.#queue) {
      const [key, waiting] = next;
      await this.#letUrgentPass(waiting, signal);
      // Meanwhile it may have happened again, or have been dropped.
      const occurrence = this.#queue.get(key);
      this.#queue.delete(key);
      if (occurrence !== undefined) {
        await this.#writeOrDrop(key, occurrence, signal);
      }
    }
    this.#overflowed = false;
  }

  async #letUrgentPass({ firstMs }: Occurrence, signal: AbortSignal): Promise<void> {
    const isDue = () => this.#clock.wall() - firstMs >= MAX_DEFERRAL_MS;
    while (this.#isBusy() && !isDue() && !signal.aborted) {
      await this.#clock.delay(DEFERRAL_PAUSE_MS, signal);
    }
  }

  async #writeOrDrop(key: string, occurrence: Occurrence, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS && !signal.aborted; attempt += 1) {
      try {
        await this.#write(key, occurrence, { signal });
        this.#backoff.reset();
        this.#outage.over();
        return;
      } catch (error) {
        if (!(error instanceof KubeError)) {
          this.#log.error("Event cannot be written", { error: inspect(error) });
          return;
        }
        const { kind, name } = occurrence.regarding;
        this.#outage.failed(error, { kind, name });
        if (!error.temporary) {
          return;
        }
        await this.#clock.delay(this.#backoff.next(error.retryAfterMs), signal);
      }
    }
  }

  async #write(key: string, occurrence: Occurrence, call: CallOptions): Promise<void> {
    const known = this.#written.get(key);
    const isRecent = known !== undefined && this.#clock.now() - known.atMs < SAME_EVENT_MS;
    if (isRecent && (await this.#repeat(key, known, occurrence, call))) {
      return;
    }
    const event = newEvent(this.#source, occurrence);
    const collection = eventsPath(eventNamespace(occurrence.regarding));
    const path = `${collection}/${event.metadata.name}`;
    try {
      await this.#client.post(collection, event, call);
    } catch (error) {
      if (!(error instanceof KubeError && error.alreadyExists)) {
        throw error;
      }
    }
    this.#remember(key, path, occurrence.times);
  }

  /** False when the Event is no longer there: the API server keeps them for an hour. */
  async #repeat(
    key: string,
    known: Written,
    occurrence: Occurrence,
    call: CallOptions,
  ): Promise<boolean> {
    const count = known.count + occurrence.times;
    try {
      const patch = repeatedEvent(count, occurrence);
      await this.#client.mergePatch(known.path, patch, call);
    } catch (error) {
      if (error instanceof KubeError && error.notFound) {
        return false;
      }
      throw error;
    }
    this.#remember(key, known.path, count);
    return true;
  }

  /** The ones that were written longest ago are forgotten first. */
  #remember(key: string, path: string, count: number): void {
    this.#written.delete(key);
    this.#written.set(key, { path, count, atMs: this.#clock.now() });
    const [oldest] = this.#written.keys();
    if (this.#written.size > MAX_REMEMBERED && oldest !== undefined) {
      this.#written.delete(oldest);
    }
  }
}
