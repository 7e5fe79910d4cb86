/** `herald-lb.io/exclude`: addresses that stand in a pool's ranges and are not of the pool. */

import { tryParseIp } from "#lib/address/ip.ts";
import { type IpRange, parseRange } from "#lib/address/ip-range.ts";
import { RangeSet } from "#lib/address/range-set.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import type { Pool } from "./pool.ts";
import { show } from "./read-field.ts";

/**
 * Reads addresses, CIDRs and ranges with commas between, such as `192.0.2.1, 192.0.2.64/28, 192.0.2.10-192.0.2.12`.
 *
 * @throws {MalformedError} when an entry is none of these; of many, the first is told
 */
export function parseExclusions(text: string): readonly IpRange[] {
  return text.trim() === "" ? [] : text.split(",").map(parseExclusion);
}

/** Takes what is excluded out of the ranges; a listed range falls into ascending pieces. */
export function exclude(
  listed: readonly IpRange[],
  exclusions: readonly IpRange[],
): Pick<Pool, "ranges" | "excluded" | "idleExclusions"> {
  if (exclusions.length === 0) {
    return { ranges: listed, excluded: [] };
  }
  const excludedSet = new RangeSet(exclusions);
  const listedSet = new RangeSet(listed);
  const idle = exclusions.filter((range) => listedSet.within(range).length === 0);
  return {
    ranges: listed.flatMap((range) => excludedSet.without(range)),
    excluded: listed.flatMap((range) => excludedSet.within(range)),
    ...(idle.length > 0 && { idleExclusions: idle }),
  };
}

function parseExclusion(text: string, index: number): IpRange {
  const entry = text.trim();
  if (entry === "") {
    throw refusal(`entry ${index + 1} is empty: write an address there, or remove the comma`);
  }
  if (/[/-]/.test(entry)) {
    return parseRange(entry);
  }
  const ip = tryParseIp(entry);
  if (ip === undefined) {
    throw refusal(
      `${show(entry)} is not an address: write one, a CIDR such as 192.0.2.64/28, or a range such as 192.0.2.10-192.0.2.12`,
    );
  }
  return { family: ip.family, first: ip.value, last: ip.value };
}

function refusal(why: string): MalformedError {
  return new MalformedError("exclusions", why);
}
