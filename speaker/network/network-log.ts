import { type AdjustableLog, LOG_LEVELS, type LogFields, type LogLevel } from "#lib/log/log.ts";
import type { Outbox } from "./outbox.ts";

/** The log of the network thread: lines of a level that is wanted go to the main thread, which writes them. */
export class NetworkLog implements AdjustableLog {
  readonly #outbox: Outbox;
  #least: number;

  constructor(outbox: Outbox, level: LogLevel) {
    this.#outbox = outbox;
    this.#least = LOG_LEVELS.indexOf(level);
  }

  setLevel(level: LogLevel): void {
    this.#least = LOG_LEVELS.indexOf(level);
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#log("debug", message, fields);
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

  #log(level: "debug" | "info" | "warn" | "error", message: string, fields: LogFields): void {
    if (LOG_LEVELS.indexOf(level) >= this.#least) {
      this.#outbox.log(level, message, fields);
    }
  }
}
