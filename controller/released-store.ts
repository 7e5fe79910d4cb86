/**
 * Remembers across restarts which Service gave up which address: a ConfigMap, one line for each address, so that a person
 * can read it too. Losing it costs nothing but that memory.
 */

import { formatIp, tryParseIp } from "#lib/address/ip.ts";
import { MAX_RELEASED, type Released } from "#lib/allocation/released-addresses.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import { KubeError, unlessGone } from "#lib/kube/kube-error.ts";
import { WorkQueue } from "#lib/kube/work-queue.ts";
import type { Log } from "#lib/log/log.ts";

const CONFIG_MAP = "herald-released-addresses";
const KEY = "released";
const MANAGER = "herald-controller";

/** Between two writes: many addresses may be released at once. */
const PACE_MS = 1000;
/** So many characters a second at most go to etcd, which keeps each version of the object for minutes. */
const PACE_LENGTH = 16_384;
const LAST_WRITE_MS = 2000;

export interface ReleasedStoreOptions {
  readonly client: Pick<KubeClient, "get" | "apply">;
  readonly namespace: string;
  readonly log: Log;
  readonly clock?: Clock;
}

/** What there is to remember. */
export interface Releases extends Iterable<Released> {
  /** Grows with each release. */
  readonly count: number;
}

export class ReleasedStore {
  readonly #options: ReleasedStoreOptions;
  readonly #clock: Clock;
  readonly #releases: () => Releases;
  readonly #queue: WorkQueue<"write">;
  #written = 0;

  constructor(options: ReleasedStoreOptions, releases: () => Releases) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#releases = releases;
    this.#queue = new WorkQueue({
      name: "released addresses",
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
  async read(signal: AbortSignal): Promise<readonly Released[]> {
    const { client, log } = this.#options;
    try {
      const stored = await unlessGone(
        client.get<Stored>(`${this.#path}/${CONFIG_MAP}`, { signal }),
      );
      const { released, unreadable } = parseReleased(stored?.data?.[KEY] ?? "");
      if (unreadable > 0) {
        log.warn("released addresses: lines passed over", { configMap: CONFIG_MAP, unreadable });
      }
      return released;
    } catch (error) {
      if (error instanceof KubeError && !error.temporary && error.status !== 401) {
        log.warn("released addresses cannot be read", {
          configMap: CONFIG_MAP,
          why: error.message,
        });
        return [];
      }
      throw error;
    }
  }

  /** Some may have been released. */
  changed(): void {
    if (this.#releases().count !== this.#written) {
      this.#queue.add("write");
    }
  }

  /** Writes what was released, once a second at most, until the signal aborts; then what is left to be written. */
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
      this.#options.log.warn("released addresses cannot be written", { why: error.message });
    }
  }

  /** @returns the length of what was written */
  async #write(call: {
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
  }): Promise<number> {
    const releases = this.#releases();
    const { count } = releases;
    if (count === this.#written) {
      return 0;
    }
    const text = formatReleased(releases);
    const { client, namespace } = this.#options;
    const configMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: CONFIG_MAP, namespace },
      data: { [KEY]: text },
    };
    await client.apply(`${this.#path}/${CONFIG_MAP}`, configMap, {
      ...call,
      fieldManager: MANAGER,
    });
    this.#written = count;
    return text.length;
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/configmaps`;
  }
}

interface Stored {
  readonly data?: Readonly<Record<string, string>>;
}

/** One line each: `192.0.2.10 default/web 2026-01-02T03:04:05.678Z`. */
export function formatReleased(released: Iterable<Released>): string {
  return Array.from(
    released,
    ({ ip, service, atMs }) => `${formatIp(ip)} ${service} ${new Date(atMs).toISOString()}\n`,
  ).join("");
}

/** Reads what `formatReleased` wrote; of what somebody else made of it, as many lines as make sense. */
export function parseReleased(text: string): {
  readonly released: readonly Released[];
  /** How many lines say nothing. */
  readonly unreadable: number;
} {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const released = lines.map(parseLine).filter((line) => line !== undefined);
  released.sort((a, b) => a.atMs - b.atMs);
  return { released: released.slice(-MAX_RELEASED), unreadable: lines.length - released.length };
}

function parseLine(line: string): Released | undefined {
  const [address = "", service = "", instant = "", ...rest] = line.trim().split(" ");
  const ip = tryParseIp(address);
  const atMs = Date.parse(instant);
  const isNamed = /^[^/]{1,63}\/[^/]{1,63}$/.test(service);
  return ip === undefined || Number.isNaN(atMs) || !isNamed || rest.length > 0
    ? undefined
    : { ip, service, atMs };
}
