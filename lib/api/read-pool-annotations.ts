import type { IpRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { OWN_PREFIX, POOL_ANNOTATION } from "./annotations.ts";
import type { ObjectReader } from "./object-reader.ts";
import { parseDuration } from "./parse-duration.ts";
import { INTERFACES, type Interfaces, type Pool } from "./pool.ts";
import { parseExclusions } from "./pool-exclusions.ts";
import { readObject, readString, show } from "./read-field.ts";

/** What a pool says beyond the fields that MetalLB gives it. */
export interface PoolAnnotations
  extends Pick<Pool, "holdReleasedMs" | "interfaces" | "maxPerNamespace" | "unknownAnnotations"> {
  /** As written: anything, in any order. */
  readonly exclusions: readonly IpRange[];
}

const KNOWN: ReadonlySet<string> = new Set(Object.values(POOL_ANNOTATION));
const MAX_HOLD_MS = 8760 * 3_600_000;

/** Blanks at both ends of a value are no part of it. */
export function readPoolAnnotations(raw: unknown, reader: ObjectReader): PoolAnnotations {
  const annotations = reader.read("metadata.annotations", (field) => readObject(raw, field), {});
  const read = <T>(key: string, parse: (text: string) => T, byDefault: T): T => {
    const field = `metadata.annotations[${key}]`;
    const value = annotations[key];
    return value === undefined || value === null
      ? byDefault
      : reader.read(field, () => parse(readString(value, field).trim()), byDefault);
  };
  const maxPerNamespace = read<number | undefined>(
    POOL_ANNOTATION.maxPerNamespace,
    parseLimit,
    undefined,
  );
  const interfaces = read<Interfaces | undefined>(
    POOL_ANNOTATION.interfaces,
    parseInterfaces,
    undefined,
  );
  const unknown = Object.keys(annotations).filter(
    (key) => key.startsWith(OWN_PREFIX) && !KNOWN.has(key),
  );
  return {
    ...(unknown.length > 0 && { unknownAnnotations: unknown.sort() }),
    exclusions: read(POOL_ANNOTATION.exclude, parseExclusions, []),
    ...(maxPerNamespace !== undefined && { maxPerNamespace }),
    ...(interfaces !== undefined && { interfaces }),
    holdReleasedMs: read(POOL_ANNOTATION.holdReleased, parseHold, 0),
  };
}

/** @throws {MalformedError} when the text is no whole number of 1 or more */
function parseLimit(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw refusal(`${show(text)} is not a whole number: write digits alone, such as "5"`);
  }
  const limit = Number(text);
  if (limit === 0) {
    throw refusal(`${show(text)} allows no address at all: write 1 or more, or remove it`);
  }
  if (!Number.isSafeInteger(limit)) {
    throw refusal(`${show(text)} is too large: write at most ${Number.MAX_SAFE_INTEGER}`);
  }
  return limit;
}

/** @throws {MalformedError} when the text is neither `all` nor `subnet` */
function parseInterfaces(text: string): Interfaces {
  const interfaces = INTERFACES.find((known) => known === text);
  if (interfaces === undefined) {
    throw refusal(
      `${show(text)} is neither "all" nor "subnet": write "subnet" to have an address answered only where a subnet holds it, or "all"`,
    );
  }
  return interfaces;
}

/** @throws {MalformedError} when the text is no duration of at most a year */
function parseHold(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds > MAX_HOLD_MS) {
    throw refusal(`${show(text)} is longer than a year: write at most 8760h`);
  }
  return milliseconds;
}

function refusal(why: string): MalformedError {
  return new MalformedError("annotation", why);
}
