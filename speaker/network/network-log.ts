import type { AdjustableLog, LogFields, LogLevel } from "#lib/log/log.ts";
import { wallClock } from "#lib/log/wall-clock.ts";
import type { Outbox } from "./outbox.ts";

/** The levels in order; the list beside the writer of lines would bring that writer into this thread's heap. */
const RANK: Readonly<Record<LogLevel, number>> = {
  all: 0,
  debug: 1,
  info: 2,
  warn: 3,
  error: 4,
  none: 5,
};

/** The log of the network thread: lines of a level that is wanted go to the main thread, which writes them. */
export class NetworkLog implements AdjustableLog {
  readonly #outbox: Outbox;
  readonly #clock: () => number;
  #least: number;

  /** @param clock of `atMs`: the main thread may write a line long after it was said here */
  constructor(outbox: Outbox, level: LogLevel, clock = wallClock()) {
    this.#outbox = outbox;
    this.#clock = clock;
    this.#least = RANK[level];
  }

  setLevel(level: LogLevel): void {
    this.#least = RANK[level];
  }

  debug(message: string, fields: LogFields = {}): void {
    if (this.#isWanted("debug")) {
      this.#outbox.log("debug", message, { atMs: this.#clock(), ...fields });
    }
  }

  info(message: string, fields: LogFields = {}): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#log("error", message, fields);
  }

  #log(level: "info" | "warn" | "error", message: string, fields: LogFields): void {
    if (this.#isWanted(level)) {
      this.#outbox.log(level, message, fields);
    }
  }

  #isWanted(level: LogLevel): boolean {
    return RANK[level] >= this.#least;
  }
}
