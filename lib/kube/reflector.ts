import { inspect } from "node:util";
import type { Log } from "#lib/log/log.ts";
import { Backoff } from "./backoff.ts";
import type { KubeClient, Query } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { KubeObject } from "./json.ts";
import { badAnswerError, KubeError } from "./kube-error.ts";
import { listPages } from "./listing.ts";
import { Outage } from "./outage.ts";
import { type Entry, type Handlers, Store } from "./store.ts";
import { type Identity, identityOf, type WatchEvent } from "./watch-event.ts";
import { openWatch } from "./watch-stream.ts";

export interface ReflectorOptions<Raw, Value> {
  /** Of the collection, such as `/api/v1/services`. */
  readonly path: string;
  readonly fieldSelector?: string;
  /** Picks what is kept of an object; the object itself is not. */
  readonly project: (raw: Raw) => Value;
  readonly log: Log;
  readonly clock?: Clock;
  /** 0 … 1. */
  readonly random?: () => number;
}

const FIRST_RETRY_MS = 800;
const MAX_RETRY_MS = 30_000;

/** A stream that lived this long was a success. */
const HELD_MS = 1000;

/** The server ends a watch after 5 to 10 minutes, each at another time, so that restarted servers fill evenly again. */
const MIN_WATCH_SECONDS = 300;

/**
 * Keeps a copy of a collection of the API, through every failure of server and network. The copy is filled by
 * WatchList (one stream of what exists and what changes), or by a paged LIST on servers that have not switched it on.
 */
export class Reflector<Raw, Value> {
  readonly synced: Promise<void>;
  readonly #client: KubeClient;
  readonly #options: ReflectorOptions<Raw, Value>;
  readonly #selectors: Query;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  readonly #store: Store<Value>;
  #running = false;
  #streamsList = true;
  /** Where the next watch begins: the store holds all up to here. Undefined: everything is to be listed. */
  #resourceVersion: string | undefined;
  /** What a list has brought until now. */
  #listing: Map<string, Entry<Value>> | undefined;

  constructor(client: KubeClient, options: ReflectorOptions<Raw, Value>) {
    const { path, log, fieldSelector } = options;
    this.#client = client;
    this.#options = options;
    this.#selectors = { fieldSelector };
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const retry = { firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: this.#random };
    this.#backoff = new Backoff(retry);
    this.#outage = new Outage(log, this.#clock, "watch", { path, ...this.#selectors });
    this.#store = new Store(path, log);
    this.synced = new Promise((resolve) => this.on({ synced: resolve }));
  }

  /** Everything that existed at the start is here. */
  get hasSynced(): boolean {
    return this.#store.synced;
  }

  /** @param key `namespace/name`, or `name` of an object without namespace */
  get(key: string): Value | undefined {
    return this.#store.get(key);
  }

  values(): Iterable<Value> {
    return this.#store.values();
  }

  on(handlers: Handlers<Value>): this {
    this.#store.on(handlers);
    return this;
  }

  /**
   * Follows the collection until the signal aborts; no event that comes later is told.
   *
   * @throws {Error} when it runs already
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) {
      throw new Error(`The reflector of ${this.#options.path} runs already`);
    }
    this.#running = true;
    try {
      while (!signal.aborted) {
        await this.#attempt(signal);
      }
    } finally {
      this.#running = false;
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    try {
      if (this.#resourceVersion === undefined && !this.#streamsList) {
        await this.#list(signal);
      }
      await this.#watch(signal);
    } catch (error) {
      if (!(error instanceof KubeError)) {
        throw error;
      }
      if (!signal.aborted) {
        await this.#recover(error, signal);
      }
    }
  }

  async #recover(error: KubeError, signal: AbortSignal): Promise<void> {
    if (refusesWatchList(error)) {
      this.#options.log.debug("no WatchList here, using LIST", { path: this.#options.path });
      this.#streamsList = false;
      return;
    }
    if (needsList(error)) {
      this.#resourceVersion = undefined;
    }
    this.#outage.failed(error);
    await this.#clock.delay(this.#backoff.next(error.retryAfterMs), signal);
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#listing = new Map();
    let resourceVersion = "";
    for await (const page of listPages(this.#client, this.#options.path, this.#selectors, signal)) {
      for (const item of page.items) {
        this.#apply("ADDED", item, identityOf(item as KubeObject | null));
      }
      resourceVersion = page.resourceVersion;
    }
    this.#completeList(resourceVersion);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const openedAt = this.#clock.now();
    const events = await openWatch(this.#client, {
      path: this.#options.path,
      query: { ...this.#selectors, ...this.#start(), timeoutSeconds: this.#timeoutSeconds() },
      clock: this.#clock,
      signal,
    });
    const ended = new AbortController();
    try {
      void this.#hold(ended.signal);
      for await (const event of events) {
        if (signal.aborted) {
          return;
        }
        this.#take(event);
      }
    } finally {
      ended.abort();
    }
    if (this.#resourceVersion === undefined) {
      throw badAnswerError("The watch ended before it had listed what exists");
    }
    if (this.#clock.now() - openedAt < HELD_MS) {
      throw badAnswerError("The watch ended as soon as it was opened");
    }
  }

  /** Where a watch begins; without a place, it first lists everything. */
  #start(): Query {
    if (this.#resourceVersion !== undefined) {
      return { resourceVersion: this.#resourceVersion };
    }
    this.#listing = new Map();
    return { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
  }

  #timeoutSeconds(): number {
    return Math.round(MIN_WATCH_SECONDS * (1 + this.#random()));
  }

  /** Ends the outage once a stream has held and has nothing left to list. */
  async #hold(ended: AbortSignal): Promise<void> {
    do {
      await this.#clock.delay(HELD_MS, ended);
    } while (!ended.aborted && this.#listing !== undefined);
    if (!ended.aborted) {
      this.#backoff.reset();
      this.#outage.over();
    }
  }

  #take(event: WatchEvent): void {
    if (event.type === "BOOKMARK") {
      this.#reach(event.resourceVersion, event.complete);
      return;
    }
    const { type, object, identity } = event;
    if (this.#listing === undefined) {
      const { path, log } = this.#options;
      log.debug("watched object changed", { path, change: type, ...identity });
    }
    this.#apply(type, object, identity);
    this.#reach(identity.resourceVersion, false);
  }

  /** The place up to which everything is held moves on, but not while a list is incomplete. */
  #reach(resourceVersion: string, isListComplete: boolean): void {
    if (isListComplete && this.#listing !== undefined) {
      this.#completeList(resourceVersion);
    } else if (this.#listing === undefined) {
      this.#resourceVersion = resourceVersion;
    }
  }

  /** Changes the list under way, or else the store. */
  #apply(change: "ADDED" | "MODIFIED" | "DELETED", object: unknown, identity: Identity): void {
    const target = this.#listing ?? this.#store;
    if (change === "DELETED") {
      target.delete(identity.key);
      return;
    }
    const entry = this.#entry(object, identity);
    if (entry !== undefined) {
      target.set(identity.key, entry);
    }
  }

  /** One object that cannot be projected, which is a bug of ours, must not stop the others: it stays as it was known. */
  #entry(object: unknown, { key, uid, resourceVersion }: Identity): Entry<Value> | undefined {
    const { path, log, project } = this.#options;
    try {
      return { uid, resourceVersion, value: project(object as Raw) };
    } catch (error) {
      log.error("object of a watch cannot be used", { path, key, error: inspect(error) });
      return this.#store.entry(key);
    }
  }

  #completeList(resourceVersion: string): void {
    this.#store.replace(this.#listing ?? new Map());
    this.#listing = undefined;
    this.#resourceVersion = resourceVersion;
  }
}

/** The answer of servers that have no WatchList, or have it switched off. */
function refusesWatchList({ status, message }: KubeError): boolean {
  const refused = /(sendInitialEvents|resourceVersionMatch) is forbidden for watch/;
  return [400, 422].includes(status) && refused.test(message);
}

/** The place where the watch stopped is too old, or newer than anything this server knows (etcd was restored). */
function needsList(error: KubeError): boolean {
  return error.gone || /too large resource version/i.test(error.message);
}
