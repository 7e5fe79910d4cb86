import type { Log } from "#lib/log/log.ts";
import type { CallOptions, KubeClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import { claimed, holderOf, type LeaseRecord, newLease, released } from "./lease-record.ts";
import { Outage } from "./outage.ts";
import { leasesPath } from "./paths.ts";
import { Watchdog } from "./watchdog.ts";

export interface LeaderElectionOptions {
  readonly namespace: string;
  readonly name: string;
  /** Of this process; two that run at once must differ. */
  readonly identity: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** 0 … 1. */
  readonly random?: () => number;
}

/** What the election needs of a KubeClient. */
export type LeaseApi = Pick<KubeClient, "get" | "post" | "put">;

type Lead = (signal: AbortSignal) => Promise<void>;

/** client-go's defaults. The leader stops 5 s before another one may begin. */
const LEASE_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2000;

const CALL_TIMEOUT_MS = 5000;
const RELEASE_TIMEOUT_MS = 3000;

/**
 * Elects one leader among processes by a Lease, with client-go's algorithm: a candidate judges by its own clock how long
 * the Lease has not changed, never by the instants in it; a leader that cannot renew it in time stops by itself,
 * counted from the moment it sent the last renewal that succeeded.
 */
export class LeaderElection {
  readonly #client: LeaseApi;
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #outage: Outage;
  readonly #collection: string;
  /** The Lease as this process wrote it last, which saves reading it before it is renewed. */
  #own: LeaseRecord | undefined;
  /** The Lease as it was seen last, and since when by our clock. */
  #seen = { version: "", holder: "", sinceMs: 0 };

  constructor(client: LeaseApi, options: LeaderElectionOptions) {
    const { log, name, namespace } = options;
    this.#client = client;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#outage = new Outage(log, this.#clock, "leader election", { lease: name });
    this.#collection = leasesPath(namespace);
  }

  /**
   * Competes until the signal aborts, and then gives the Lease back.
   *
   * @param lead the leader's work, each time this process is elected; it has to end soon after its signal aborts
   */
  async run(signal: AbortSignal, lead: Lead): Promise<void> {
    const { random = Math.random } = this.#options;
    while (!signal.aborted) {
      const sentAt = this.#clock.now();
      if (await this.#claim(signal)) {
        await this.#hold(sentAt, signal, lead);
      }
      await this.#clock.delay(RETRY_MS * (1 + 0.2 * random()), signal);
    }
  }

  async #hold(sentAt: number, signal: AbortSignal, lead: Lead): Promise<void> {
    const over = new AbortController();
    using watchdog = new Watchdog(
      this.#clock,
      RENEW_DEADLINE_MS,
      AbortSignal.any([signal, over.signal]),
    );
    watchdog.heard(sentAt);
    const renewing = this.#renew(watchdog).finally(() => over.abort());
    try {
      await lead(watchdog.signal);
    } finally {
      over.abort();
      await renewing;
      await this.#release();
    }
  }

  /** Renews until the watchdog barks or another one holds the Lease. */
  async #renew(watchdog: Watchdog): Promise<void> {
    do {
      await this.#clock.delay(RETRY_MS, watchdog.signal);
      const sentAt = this.#clock.now();
      if (await this.#claim(watchdog.signal)) {
        watchdog.heard(sentAt);
      }
    } while (!watchdog.signal.aborted && this.#seen.holder === this.#options.identity);
  }

  /** True when the Lease is ours now. */
  async #claim(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) {
      return false;
    }
    try {
      this.#own = await this.#write({ signal, timeoutMs: CALL_TIMEOUT_MS });
      this.#outage.over();
      return this.#own !== undefined;
    } catch (error) {
      // The write may have been done all the same, so what we know of the Lease is worth nothing.
      this.#own = undefined;
      this.#report(error, signal);
      return false;
    }
  }

  async #write(call: CallOptions): Promise<LeaseRecord | undefined> {
    const { identity, namespace, name } = this.#options;
    const claim = { identity, durationMs: LEASE_MS, wallMs: this.#clock.wall() };
    const record = this.#own ?? (await this.#read(call));
    if (record === undefined) {
      return this.#see(
        await this.#client.post(this.#collection, newLease(namespace, name, claim), call),
      );
    }
    if (this.#isTaken(record)) {
      return undefined;
    }
    // The resourceVersion in it lets only one of several candidates through.
    return this.#see(await this.#client.put(this.#path, claimed(record, claim), call));
  }

  async #read(call: CallOptions): Promise<LeaseRecord | undefined> {
    try {
      return this.#see(await this.#client.get<LeaseRecord>(this.#path, call));
    } catch (error) {
      if (error instanceof KubeError && error.notFound) {
        return undefined;
      }
      throw error;
    }
  }

  #isTaken(record: LeaseRecord): boolean {
    const holder = holderOf(record);
    const quietMs = this.#clock.now() - this.#seen.sinceMs;
    const durationMs = (record.spec?.leaseDurationSeconds ?? 0) * 1000;
    return holder !== "" && holder !== this.#options.identity && quietMs < durationMs;
  }

  #see(record: LeaseRecord): LeaseRecord {
    const version = `${record.metadata?.uid}/${record.metadata?.resourceVersion}`;
    const holder = holderOf(record);
    if (holder !== this.#seen.holder && holder !== "") {
      this.#options.log.info("leader changed", { lease: this.#options.name, leader: holder });
    }
    if (version !== this.#seen.version) {
      this.#seen = { version, holder, sinceMs: this.#clock.now() };
    }
    return record;
  }

  /** Frees the Lease for the next one; if that fails, it expires. */
  async #release(): Promise<void> {
    const call = { timeoutMs: RELEASE_TIMEOUT_MS };
    try {
      const record = this.#own ?? (await this.#read(call));
      if (record !== undefined && holderOf(record) === this.#options.identity) {
        const free = released(record, this.#clock.wall());
        this.#see(await this.#client.put(this.#path, free, call));
      }
    } catch (error) {
      this.#report(error, undefined);
    }
    this.#own = undefined;
  }

  /** Losing a race and being stopped are ordinary. */
  #report(error: unknown, signal: AbortSignal | undefined): void {
    if (!(error instanceof KubeError)) {
      throw error;
    }
    if (!(error.conflict || error.alreadyExists || signal?.aborted)) {
      this.#outage.failed(error);
    }
  }

  get #path(): string {
    return `${this.#collection}/${this.#options.name}`;
  }
}
