/** Keeps the last snapshot on disk, and gives back that of the speaker that ran here before. */

import { join } from "node:path";
import { inspect } from "node:util";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { aborted } from "#lib/kube/aborted.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { Log } from "#lib/log/log.ts";
import { open, seal, snapshotKey } from "./seal.ts";
import { formatSnapshot, parseSnapshot, type Snapshot } from "./snapshot.ts";
import { readSnapshotFile, writeSnapshotFile } from "./snapshot-file.ts";

const FILE = "speaker.snapshot";

const WRITE_INTERVAL_MS = 1_000;

/** Until it is tried again what could not be written. */
const TRY_AGAIN_MS = 10_000;

/** A snapshot that takes long to make is made more seldom: this many times as long lies between two. */
const REST_PER_EFFORT = 20;

export interface SnapshotKeeperOptions {
  readonly directory: string;
  /** Name of this node. */
  readonly node: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** What is to be kept now; undefined: nothing yet, and a snapshot that is there stays. */
  take(): Omit<Snapshot, "takenAtMs"> | undefined;
}

export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  readonly #file: string;
  readonly #clock: Clock;
  #key: Uint8Array | undefined;
  #change = Promise.withResolvers<void>();
  #hasChanged = false;
  #isBroken = false;

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options;
    this.#file = join(options.directory, FILE);
    this.#clock = options.clock ?? systemClock;
  }

  /** @param secret the membership key; what was sealed under another one cannot be opened any more */
  setSecret(secret: Uint8Array): void {
    this.#key = snapshotKey(secret, this.#options.node);
    this.changed();
  }

  /** What is to be kept is another than before. */
  changed(): void {
    this.#hasChanged = true;
    this.#change.resolve();
  }

  /** The snapshot that is there, once the secret is known; undefined: there is none that can be used. */
  async read(): Promise<Snapshot | undefined> {
    const key = this.#key;
    if (key === undefined) {
      return undefined;
    }
    try {
      const bytes = await readSnapshotFile(this.#file);
      return bytes && parseSnapshot(open(bytes, key));
    } catch (error) {
      const why = error instanceof MalformedError ? error.message : inspect(error);
      this.#options.log.warn("snapshot ignored", { file: this.#file, why });
      return undefined;
    }
  }

  /** Writes what changes, at most once a second, until the signal, and then the last of it. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = aborted(signal);
    while (!signal.aborted) {
      await Promise.race([this.#change.promise, stopped]);
      const began = this.#clock.now();
      await this.#writeChange();
      const effortMs = this.#clock.now() - began;
      const restMs = this.#isBroken ? TRY_AGAIN_MS : WRITE_INTERVAL_MS;
      await this.#clock.delay(Math.max(restMs, REST_PER_EFFORT * effortMs), signal);
    }
    await this.#writeChange();
  }

  async #writeChange(): Promise<void> {
    if (!this.#hasChanged) {
      return;
    }
    this.#hasChanged = false;
    this.#change = Promise.withResolvers();
    const taken = this.#options.take();
    if (taken === undefined || this.#key === undefined) {
      return;
    }
    const text = formatSnapshot({ takenAtMs: Math.round(this.#clock.wall()), ...taken });
    try {
      await writeSnapshotFile(this.#file, seal(text, this.#key));
      this.#wasWritten();
    } catch (error) {
      this.#failed(error);
    }
  }

  #wasWritten(): void {
    if (this.#isBroken) {
      this.#isBroken = false;
      this.#options.log.info("snapshot written again", { file: this.#file });
    }
  }

  /** Said once while it lasts. */
  #failed(error: unknown): void {
    this.changed();
    if (!this.#isBroken) {
      this.#isBroken = true;
      this.#options.log.warn(
        "snapshot cannot be written: a speaker that starts while the API server is down will not answer; mount a directory that can be written to, or switch it off by an empty --state-dir",
        { file: this.#file, why: String(error) },
      );
    }
  }
}
