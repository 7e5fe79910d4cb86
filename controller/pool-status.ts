/** Writes how much of each pool is taken into its status, and puts that right when somebody else writes there. */

import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { metallbPath } from "#lib/kube/paths.ts";
import { WorkQueue } from "#lib/kube/work-queue.ts";
import type { Log } from "#lib/log/log.ts";
import { coalesce } from "#lib/process/coalesce.ts";

declare global {
  interface JSON {
    /** A value that JSON.stringify writes as this text; it may be a number of any length (ECMAScript 2026, in Node 24). */
    rawJSON(text: string): object;
  }
}

/** What the writer needs of a KubeClient. */
export type PoolStatusApi = Pick<KubeClient, "mergePatch">;

export interface PoolStatusOptions {
  readonly client: PoolStatusApi;
  /** Of the pools. */
  readonly namespace: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** 0 … 1. */
  readonly random?: () => number;
}

/** An IPAddressPool as it stands in the cluster. */
export interface StoredPool {
  readonly status?: unknown;
}

export interface PoolStatusSources {
  /** Of all pools in force. */
  usages(): readonly PoolUsage[];
  /** undefined when there is no such pool. */
  stored(name: string): StoredPool | undefined;
}

/** The fields of the status. */
type Status = Readonly<
  Record<"assignedIPv4" | "assignedIPv6" | "availableIPv4" | "availableIPv6", bigint>
>;

/** Between two writes of the status of one pool, for addresses may come and go in bursts. */
const PACE_MS = 1000;
/** Spread over half to one and a half of itself, hence never faster than the pace. */
const FIRST_RETRY_MS = 2 * PACE_MS;
/** Few, for the Services' own status uses the same connections and is what people wait for. */
const WRITERS = 2;

/** What is known of one pool in force. */
interface Entry {
  wanted: Status;
  /** As text, which unlike the numbers of the watch is exact; empty: nothing. */
  written: string;
  attemptedAt: number;
  /** It is looked at again as soon as the pace allows. */
  isWaiting: boolean;
}

/** One a term as leader: it knows nothing of what another leader wrote but what the watch tells. */
export class PoolStatusWriter {
  readonly #options: PoolStatusOptions;
  readonly #clock: Clock;
  readonly #sources: PoolStatusSources;
  readonly #queue: WorkQueue;
  readonly #entries = new Map<string, Entry>();
  readonly #readUsages: () => void;
  #signal: AbortSignal | undefined;

  constructor(options: PoolStatusOptions, sources: PoolStatusSources) {
    const { clock = systemClock, log, random = Math.random } = options;
    this.#options = options;
    this.#clock = clock;
    this.#sources = sources;
    this.#queue = new WorkQueue({
      name: "pool status",
      concurrency: () => WRITERS,
      firstRetryMs: FIRST_RETRY_MS,
      clock,
      log,
      random,
    });
    this.#readUsages = coalesce(() => this.#updateEntries());
  }

  /** Some usage may be another one now; asks for all of them once after a burst of calls. */
  usageChanged(): void {
    this.#readUsages();
  }

  /** The pool came, changed, or went. */
  poolSeen(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      this.#look(name, entry);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await this.#queue.run(signal, (name, within) => this.#write(name, within));
  }

  #updateEntries(): void {
    const usages = this.#sources.usages();
    const names = new Set(usages.map(({ pool }) => pool));
    for (const name of this.#entries.keys()) {
      if (!names.has(name)) {
        this.#entries.delete(name);
      }
    }
    for (const usage of usages) {
      this.#update(usage.pool, statusOf(usage));
    }
  }

  #update(name: string, wanted: Status): void {
    const known = this.#entries.get(name);
    if (known === undefined) {
      const entry = { wanted, written: "", attemptedAt: -Infinity, isWaiting: false };
      this.#entries.set(name, entry);
      this.#look(name, entry);
    } else if (textOf(known.wanted) !== textOf(wanted)) {
      known.wanted = wanted;
      this.#look(name, known);
    }
  }

  /** Has the pool looked at, as soon as the pace allows. */
  #look(name: string, entry: Entry): void {
    const waitMs = entry.attemptedAt + PACE_MS - this.#clock.now();
    if (waitMs <= 0 || this.#signal === undefined) {
      this.#queue.add(name);
    } else if (!entry.isWaiting) {
      entry.isWaiting = true;
      void this.#lookLater(name, entry, waitMs, this.#signal);
    }
  }

  async #lookLater(name: string, entry: Entry, waitMs: number, signal: AbortSignal): Promise<void> {
    await this.#clock.delay(waitMs, signal);
    entry.isWaiting = false;
    if (!signal.aborted) {
      this.#look(name, entry);
    }
  }

  async #write(name: string, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(name);
    const stored = this.#sources.stored(name);
    if (entry === undefined || stored === undefined || isTold(entry, stored)) {
      return;
    }
    const { client, namespace } = this.#options;
    const text = textOf(entry.wanted);
    entry.attemptedAt = this.#clock.now();
    const path = `${metallbPath(namespace, "ipaddresspools")}/${name}/status`;
    const patch = { status: int64s(entry.wanted) };
    const answer = await unlessGone(client.mergePatch(path, patch, { signal }));
    entry.written = answer === undefined ? "" : text;
  }
}

/** Whether the cluster says it already: exactly what we wrote, if we did, and as near to it as a number of JavaScript is. */
function isTold({ wanted, written }: Entry, { status }: StoredPool): boolean {
  const isOther = written !== "" && written !== textOf(wanted);
  return (
    !isOther &&
    Object.entries(wanted).every(([field, value]) => {
      return numberIn(status, field) === Number(value);
    })
  );
}

function numberIn(status: unknown, field: string): unknown {
  return typeof status === "object" && status !== null ? Reflect.get(status, field) : undefined;
}

function statusOf({ capacity, inUse }: PoolUsage): Status {
  return {
    assignedIPv4: inUse.IPv4,
    assignedIPv6: inUse.IPv6,
    availableIPv4: left(capacity.IPv4, inUse.IPv4),
    availableIPv6: left(capacity.IPv6, inUse.IPv6),
  };
}

/** Never below 0: while the Services of a pool that shrank move, more may be in use than it has. */
function left(capacity: bigint, inUse: bigint): bigint {
  return capacity > inUse ? capacity - inUse : 0n;
}

function textOf(status: Status): string {
  return JSON.stringify(int64s(status));
}

/** With every digit: as a number of JavaScript the largest would end in 808, which is none of an int64. */
function int64s(status: Status): object {
  return Object.fromEntries(
    Object.entries(status).map(([field, value]) => [field, JSON.rawJSON(String(value))]),
  );
}
