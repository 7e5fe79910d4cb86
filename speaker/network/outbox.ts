import type { OwnerChange } from "#lib/election/owner.ts";
import type { Log, LogFields } from "#lib/log/log.ts";
import { BatchWriter } from "./batches.ts";
import type { FromNetwork } from "./messages.ts";

/** Messages that may wait for a main thread that is busy. */
export const MAX_WAITING = 20_000;

type State = Extract<FromNetwork, { kind: "alive" | "kernel-addresses" | "links" | "state" }>;

type ConflictNews = Extract<FromNetwork, { kind: "conflict" | "conflict-over" }>;

/** What is of no use later. */
type Passing = Extract<FromNetwork, { kind: "captured" | "counts" | "members-shown" | "probe" }>;

/**
 * What the network thread says to the main thread, which may stall for as long as it likes: above a bound, log lines are
 * lost and counted, and of everything else only the last word is kept.
 */
export class Outbox {
  readonly #batch: BatchWriter<FromNetwork>;
  readonly #taken: () => number;
  #posted = 0;
  #lostLines = 0;
  readonly #states = new Map<State["kind"], State>();
  /** By Service. */
  readonly #changes = new Map<string, OwnerChange>();
  /** By address. */
  readonly #conflicts = new Map<string, ConflictNews>();

  /**
   * @param post hands messages on
   * @param taken how many messages the main thread has taken so far, as an integer of 32 bits that overflows
   */
  constructor(post: (messages: readonly FromNetwork[]) => void, taken: () => number) {
    this.#batch = new BatchWriter(post);
    this.#taken = taken;
  }

  /** Whether something is kept back. */
  get isHolding(): boolean {
    const kept = this.#states.size + this.#changes.size + this.#conflicts.size;
    return kept > 0 || this.#lostLines > 0;
  }

  sendState(state: State): void {
    this.#states.set(state.kind, state);
    this.flush();
  }

  sendOwners(changes: readonly OwnerChange[]): void {
    for (const change of changes) {
      const kept = this.#changes.get(change.service);
      this.#changes.set(
        change.service,
        kept === undefined ? change : { ...change, from: kept.from },
      );
    }
    this.flush();
  }

  sendConflict(news: ConflictNews): void {
    this.#conflicts.set(news.kind === "conflict" ? news.conflict.ip : news.ip, news);
    this.flush();
  }

  /** Sends it with the next, or never. */
  sendPassing(message: Passing): void {
    if (!this.#isFull()) {
      this.#send(message);
    }
  }

  log(level: keyof Log, message: string, fields: LogFields): void {
    if (this.#isFull()) {
      this.#lostLines += 1;
    } else {
      this.#send({ kind: "log", level, message, fields });
    }
  }

  /** Sends all, what was kept back too if the main thread has caught up; to be called at the end of each turn. */
  flush(): void {
    if (this.isHolding && !this.#isFull()) {
      this.#sendKept();
    }
    this.#batch.flush();
  }

  #sendKept(): void {
    for (const state of this.#states.values()) {
      this.#send(state);
    }
    this.#states.clear();
    for (const news of this.#conflicts.values()) {
      this.#send(news);
    }
    this.#conflicts.clear();
    if (this.#changes.size > 0) {
      this.#send({ kind: "owners", changes: [...this.#changes.values()] });
      this.#changes.clear();
    }
    if (this.#lostLines > 0) {
      const lines = this.#lostLines;
      this.#lostLines = 0;
      this.log("warn", "log lines lost: the main thread was busy", { lines });
    }
  }

  #isFull(): boolean {
    return ((this.#posted - this.#taken()) | 0) >= MAX_WAITING;
  }

  #send(message: FromNetwork): void {
    this.#posted = (this.#posted + 1) | 0;
    this.#batch.add(message);
  }
}
