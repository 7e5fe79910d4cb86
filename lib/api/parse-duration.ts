import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { show } from "./read-field.ts";

/** Nanoseconds; micro is written with u, U+00B5 or U+03BC. */
const UNITS = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

/** Longer than any that a person writes. */
const MAX_TEXT_LENGTH = 64;
const NS_PER_MS = 1_000_000n;
const PART = /(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<unit>[a-zµμ]+)/y;

/**
 * Reads a duration as Go's time.ParseDuration does, such as `1h30m`, `1.5h` or `0`, of at least 0.
 *
 * @returns milliseconds, rounded up to a whole one, so that only 0 reads as 0
 * @throws {MalformedError} when the text is negative or no duration
 */
export function parseDuration(text: string): number {
  if (text.startsWith("-")) {
    throw refusal(`${show(text)} is negative`);
  }
  const unsigned = text.startsWith("+") ? text.slice(1) : text;
  const nanoseconds = unsigned === "0" ? 0n : sumOfParts(unsigned);
  if (nanoseconds === undefined) {
    throw refusal(`${show(text)} is not a duration`);
  }
  return Number((nanoseconds + NS_PER_MS - 1n) / NS_PER_MS);
}

/** `parseDuration` for callers to whom other text is nothing unusual: undefined when it is no duration. */
export function tryParseDuration(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof MalformedError) {
      return undefined;
    }
    throw error;
  }
}

function sumOfParts(text: string): bigint | undefined {
  if (text.length > MAX_TEXT_LENGTH) {
    return undefined;
  }
  let sum = 0n;
  let end = 0;
  do {
    PART.lastIndex = end;
    const { whole = "", fraction = "", unit = "" } = PART.exec(text)?.groups ?? {};
    const size = UNITS.get(unit);
    if (size === undefined || whole + fraction === "") {
      return undefined;
    }
    end = PART.lastIndex;
    // What is less than a nanosecond is dropped, as in Go.
    sum += BigInt(whole) * size + (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  } while (end < text.length);
  return sum;
}

function refusal(fact: string): MalformedError {
  const mend = "write a number with a unit, such as 90s, 10m or 1h30m, or 0s for none";
  return new MalformedError("duration", `${fact}: ${mend}`);
}
