/**
 * Remembers across restarts which Service gave up which address, and which addresses are set aside: a ConfigMap, one
 * line for each address, so that a person can read it too. Losing it costs nothing but that memory.
 */

import type { Released } from "#lib/allocation/released-addresses.ts";
import type { Remembered } from "#lib/allocation/remembered.ts";
import type { SetAside } from "#lib/allocation/set-aside.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import { KubeError, unlessGone } from "#lib/kube/kube-error.ts";
import { WorkQueue } from "#lib/kube/work-queue.ts";
import type { Log } from "#lib/log/log.ts";
import { formatReleased, parseReleased } from "./released-lines.ts";
import { formatSetAside, parseSetAside } from "./set-aside-lines.ts";

const CONFIG_MAP = "herald-released-addresses";
const RELEASED = "released";
const SET_ASIDE = "set-aside";
const MANAGER = "herald-controller";

/** Between two writes: many addresses may be released at once. */
const PACE_MS = 1000;
/** So many characters a second at most go to etcd, which keeps each version of the object for minutes. */
const PACE_LENGTH = 16_384;
const LAST_WRITE_MS = 2000;

export interface MemoryStoreOptions {
  readonly client: Pick<KubeClient, "get" | "apply">;
  readonly namespace: string;
  readonly log: Log;
  readonly clock?: Clock;
}

/** What there is to remember. */
export interface Memory {
  readonly released: Counted<Released>;
  readonly setAside: Counted<SetAside>;
}

interface Counted<Value> extends Iterable<Value> {
  /** Grows with each that comes. */
  readonly count: number;
}

const NOTHING: Remembered = { released: [], setAside: [] };

export class MemoryStore {
  readonly #options: MemoryStoreOptions;
  readonly #clock: Clock;
  readonly #memory: Memory;
  readonly #queue: WorkQueue<"write">;
  #written = 0;

  constructor(options: MemoryStoreOptions, memory: Memory) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#memory = memory;
    this.#queue = new WorkQueue({
      name: "address memory",
      firstRetryMs: PACE_MS,
      log: options.log,
      clock: this.#clock,
    });
  }

  /**
   * What was remembered in an earlier life.
   *
   * @throws {KubeError} when the API server does not answer; that it refuses is only told
   */
  async read(signal: AbortSignal): Promise<Remembered> {
    const { client, log } = this.#options;
    try {
      const stored = await unlessGone(
        client.get<Stored>(`${this.#path}/${CONFIG_MAP}`, { signal }),
      );
      const { released, unreadable: odd } = parseReleased(stored?.data?.[RELEASED] ?? "");
      const { setAside, unreadable } = parseSetAside(stored?.data?.[SET_ASIDE] ?? "");
      if (odd + unreadable > 0) {
        const counts = { configMap: CONFIG_MAP, unreadable: odd + unreadable };
        log.warn("address memory: lines passed over", counts);
      }
      return { released, setAside };
    } catch (error) {
      if (error instanceof KubeError && !error.temporary && error.status !== 401) {
        log.warn("address memory cannot be read", { configMap: CONFIG_MAP, why: error.message });
        return NOTHING;
      }
      throw error;
    }
  }

  /** There may be more to remember. */
  changed(): void {
    if (this.#count !== this.#written) {
      this.#queue.add("write");
    }
  }

  /** Writes what there is to remember, once a second at most, until the signal aborts; then what is left to be written. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run(signal, async (_, within) => {
      const length = await this.#write({ signal: within });
      await this.#clock.delay(PACE_MS * Math.max(1, length / PACE_LENGTH), within);
    });
    try {
      await this.#write({ timeoutMs: LAST_WRITE_MS });
    } catch (error) {
      if (!(error instanceof KubeError)) {
        throw error;
      }
      this.#options.log.warn("address memory cannot be written", { why: error.message });
    }
  }

  /** @returns the length of what was written */
  async #write(call: {
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
  }): Promise<number> {
    const count = this.#count;
    if (count === this.#written) {
      return 0;
    }
    const released = formatReleased(this.#memory.released);
    const setAside = formatSetAside(this.#memory.setAside);
    const { client, namespace } = this.#options;
    const configMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: CONFIG_MAP, namespace },
      data: { [RELEASED]: released, [SET_ASIDE]: setAside },
    };
    await client.apply(`${this.#path}/${CONFIG_MAP}`, configMap, {
      ...call,
      fieldManager: MANAGER,
    });
    this.#written = count;
    return released.length + setAside.length;
  }

  get #count(): number {
    return this.#memory.released.count + this.#memory.setAside.count;
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/configmaps`;
  }
}

interface Stored {
  readonly data?: Readonly<Record<string, string>>;
}
