import { inspect } from "node:util";
import type { Log } from "#lib/log/log.ts";

/** What is told of a collection. An exception in one of these is logged and concerns nobody else. */
export interface Handlers<Value> {
  added?(value: Value): void;
  updated?(value: Value, old: Value): void;
  /** Gone, or no longer chosen by the selectors; `value` is the last one known. */
  deleted?(value: Value): void;
  /** Once, when everything that existed at the start has been added. */
  synced?(): void;
}

export interface Entry<Value> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: Value;
}

/** A copy of a collection by key. Whoever follows it by handlers sees the same as who reads it. */
export class Store<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #handlers: Handlers<Value>[] = [];
  readonly #log: Log;
  readonly #path: string;
  #synced = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  entry(key: string): Entry<Value> | undefined {
    return this.#entries.get(key);
  }

  *values(): Generator<Value, void, undefined> {
    for (const { value } of this.#entries.values()) {
      yield value;
    }
  }

  /** One who comes late is told first what is there. */
  on(handlers: Handlers<Value>): void {
    this.#handlers.push(handlers);
    if (this.#synced) {
      for (const value of this.values()) {
        this.#isolate(() => handlers.added?.(value));
      }
      this.#isolate(() => handlers.synced?.());
    }
  }

  /** An object of the same name with another uid is another one: the old one was deleted unseen. */
  set(key: string, entry: Entry<Value>): void {
    const old = this.#entries.get(key);
    if (old !== undefined && old.uid !== entry.uid) {
      this.delete(key);
      this.set(key, entry);
      return;
    }
    this.#entries.set(key, entry);
    if (old === undefined) {
      this.#tell((handlers) => handlers.added?.(entry.value));
    } else if (old.resourceVersion !== entry.resourceVersion) {
      this.#tell((handlers) => handlers.updated?.(entry.value, old.value));
    }
  }

  delete(key: string): void {
    const old = this.#entries.get(key);
    if (old !== undefined) {
      this.#entries.delete(key);
      this.#tell((handlers) => handlers.deleted?.(old.value));
    }
  }

  /** Takes over a complete listing, what is gone first: its addresses may be wanted by what is new. */
  replace(listing: ReadonlyMap<string, Entry<Value>>): void {
    for (const [key, { uid }] of [...this.#entries]) {
      if (listing.get(key)?.uid !== uid) {
        this.delete(key);
      }
    }
    for (const [key, entry] of listing) {
      this.set(key, entry);
    }
    if (!this.#synced) {
      this.#synced = true;
      this.#tell((handlers) => handlers.synced?.());
    }
  }

  #tell(message: (handlers: Handlers<Value>) => void): void {
    for (const handlers of this.#handlers) {
      this.#isolate(() => message(handlers));
    }
  }

  #isolate(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#log.error("handler of a watch threw", { path: this.#path, error: inspect(error) });
    }
  }
}
