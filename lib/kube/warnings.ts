import type { Log } from "#lib/log/log.ts";

/** A warn-text between quotes; within it a backslash makes the next character plain (RFC 9110 §5.6.4). */
const WARNING = /299 [^ ]+ "((?:[^"\\]|\\.)*)"/g;

/** Past this many different texts the first ones are forgotten, and may be logged again. */
const MAX_REMEMBERED = 256;

/** Logs each warning of the API server once: deprecated versions, fields it does not know. */
export class Warnings {
  readonly #log: Log;
  readonly #seen = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param header `warning` headers of one answer, joined by commas */
  note(header: string, call: string): void {
    for (const text of parseWarnings(header)) {
      if (!this.#seen.has(text)) {
        this.#remember(text);
        this.#log.warn("warning of the Kubernetes API", { warning: text, call });
      }
    }
  }

  #remember(text: string): void {
    this.#seen.add(text);
    const [first] = this.#seen;
    if (this.#seen.size > MAX_REMEMBERED && first !== undefined) {
      this.#seen.delete(first);
    }
  }
}

/** The texts of the warnings with code 299, the only one Kubernetes sends. */
function parseWarnings(header: string): string[] {
  return Array.from(header.matchAll(WARNING), (match) =>
    (match[1] ?? "").replaceAll(/\\(.)/g, "$1"),
  );
}
