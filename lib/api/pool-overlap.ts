import { formatRange, type IpRange, overlapOf } from "#lib/address/ip-range.ts";
import { FieldError } from "./field-error.ts";
import type { ObjectReader } from "./object-reader.ts";

/** A range and where it is listed. */
export interface ListedRange {
  readonly range: IpRange;
  readonly pool: string;
  readonly field: string;
  readonly reader: ObjectReader;
}

interface Overlap {
  readonly lower: ListedRange;
  readonly upper: ListedRange;
  readonly common: IpRange;
}

/** Tells the reader of each range that overlaps one listed before it, in O(n log n). */
export function refuseOverlaps(listed: readonly ListedRange[]): void {
  const overlaps = findOverlaps(listed);
  if (overlaps.length === 0) {
    return;
  }
  const places = new Map(listed.map((entry, index) => [entry, index]));
  const place = (entry: ListedRange) => places.get(entry) ?? 0;
  for (const { lower, upper, common } of overlaps) {
    const isUpperLater = place(upper) > place(lower);
    tell(isUpperLater ? upper : lower, isUpperLater ? lower : upper, common);
  }
}

/** Sorted by their first addresses, a range overlaps some earlier one exactly when it begins before the furthest end so far. */
function findOverlaps(listed: readonly ListedRange[]): readonly Overlap[] {
  const overlaps: Overlap[] = [];
  let furthest: ListedRange | undefined;
  for (const entry of listed.toSorted(byFirstAddress)) {
    if (furthest?.range.family !== entry.range.family) {
      furthest = entry;
      continue;
    }
    const common = overlapOf(furthest.range, entry.range);
    if (common !== undefined) {
      overlaps.push({ lower: furthest, upper: entry, common });
    }
    if (entry.range.last > furthest.range.last) {
      furthest = entry;
    }
  }
  return overlaps;
}

function tell(later: ListedRange, earlier: ListedRange, common: IpRange): void {
  const isSamePool = later.reader === earlier.reader;
  const where = isSamePool ? earlier.field : `${earlier.field} of pool "${earlier.pool}"`;
  const texts = [later.range, earlier.range, common].map(formatRange);
  later.reader.add(
    new FieldError(
      later.field,
      `${texts[0]} overlaps ${texts[1]} (${where}) in ${texts[2]}: take that part out of one of the two`,
    ),
  );
}

function byFirstAddress({ range: a }: ListedRange, { range: b }: ListedRange): number {
  if (a.family !== b.family) {
    return a.family < b.family ? -1 : 1;
  }
  return a.first < b.first ? -1 : Number(a.first > b.first);
}
