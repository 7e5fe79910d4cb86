/** A log file that another process is writing, read as far as it has got. */

import { closeSync, existsSync, openSync, readSync } from "node:fs";

/** One JSON object that a program logged. */
export type LogLine = Readonly<Record<string, unknown>>;

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export class LogFile {
  readonly #path: string;
  readonly #lines: string[] = [];
  /** By line, in step with `#lines`; undefined where the line is not a JSON object. */
  readonly #json: (LogLine | undefined)[] = [];
  #offset = 0;
  /** The bytes of a line whose end is not written yet. */
  #partial: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** The whole lines written so far. */
  read(): readonly string[] {
    if (existsSync(this.#path)) {
      this.#readOn();
    }
    return this.#lines;
  }

  /** The same lines as JSON objects, each parsed once. */
  readJson(): readonly (LogLine | undefined)[] {
    for (const line of this.read().slice(this.#json.length)) {
      this.#json.push(parseLine(line));
    }
    return this.#json;
  }

  #readOn(): void {
    const file = openSync(this.#path, "r");
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const length = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset);
        if (length === 0) {
          return;
        }
        this.#offset += length;
        this.#take(Buffer.concat([this.#partial, chunk.subarray(0, length)]));
      }
    } finally {
      closeSync(file);
    }
  }

  #take(bytes: Buffer): void {
    const end = bytes.lastIndexOf(NEWLINE);
    if (end >= 0) {
      this.#lines.push(...bytes.toString("utf8", 0, end).split("\n"));
    }
    this.#partial = bytes.subarray(end + 1);
  }
}

function parseLine(line: string): LogLine | undefined {
  if (!line.startsWith("{")) {
    return undefined;
  }
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
