/** What an observer wrote down, as values. All times are milliseconds of the machine's monotonic clock. */

export interface ObservationRecord {
  /** When packet 0 left; packet n left `SEND_EVERY_MS` times n later. */
  readonly beganAtMs: number;
  /** No packet left at this time or later; undefined while the observer is still at work. */
  readonly endedAtMs: number | undefined;
  /** In the order in which they came back, each number as often as it did. */
  readonly answers: readonly Answer[];
  readonly sayings: readonly Saying[];
}

export interface Answer {
  readonly atMs: number;
  /** Of the packet. */
  readonly number: number;
}

/** A frame which says that a MAC has the address. */
export interface Saying {
  readonly atMs: number;
  /** An answer to a question, or a notice that nobody asked for. */
  readonly kind: "reply" | "notice";
  /** Of the frame. */
  readonly source: string;
  /** That which is said to have the address. */
  readonly mac: string;
}

/** A stretch of time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Both as observer.c has them. */
export const SEND_EVERY_MS = 2;
export const ASK_EVERY_MS = 100;

const US_PER_MS = 1_000;

/** @throws {Error} when a line is none of an observer */
export function parseRecord(lines: readonly string[]): ObservationRecord {
  const answers: Answer[] = [];
  const sayings: Saying[] = [];
  let beganAtMs = 0;
  let endedAtMs: number | undefined;
  for (const line of lines) {
    const [word = "", time, ...rest] = line.split(" ");
    const atMs = Number(time) / US_PER_MS;
    switch (word) {
      case "ready":
        beganAtMs = atMs;
        break;
      case "answer":
        answers.push({ atMs, number: Number(rest[0]) });
        break;
      case "said":
        sayings.push({ atMs, ...readSaying(rest) });
        break;
      case "end":
        endedAtMs = atMs;
        break;
      default:
        throw new Error(`The observer wrote ${JSON.stringify(line)}`);
    }
  }
  return { beganAtMs, endedAtMs, answers, sayings };
}

function readSaying([kind, source = "", mac = ""]: readonly string[]): Omit<Saying, "atMs"> {
  return { kind: kind === "reply" ? "reply" : "notice", source, mac };
}
