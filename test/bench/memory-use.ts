import { readFileSync } from "node:fs";

/** Of one process, in MiB. */
export interface MemoryUse {
  /** All pages that it has in memory, those too that it shares with others: its program and its libraries. */
  readonly rss: number;
  /** The pages that belong to no file: its heaps and stacks. */
  readonly private: number;
}

/** @throws {Error} when the process is gone */
export function memoryUseOf(pid: number): MemoryUse {
  return parseSmapsRollup(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
}

/**
 * Reads /proc/PID/smaps_rollup: proc(5).
 *
 * @throws {Error} when a line is missing
 */
export function parseSmapsRollup(text: string): MemoryUse {
  return { rss: mebibytes(text, "Rss"), private: mebibytes(text, "Pss_Anon") };
}

function mebibytes(text: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  if (kibibytes === undefined) {
    throw new Error(`Cannot read smaps_rollup: it has no line ${name}`);
  }
  return Number(kibibytes) / 1024;
}
