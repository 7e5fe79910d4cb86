import type { Family } from "./ip.ts";
import type { IpRange } from "./ip-range.ts";

/** The addresses of ranges that may touch and overlap. */
export class RangeSet {
  /** Ascending, with at least one address between two neighbours. */
  readonly #merged: Readonly<Record<Family, readonly IpRange[]>>;

  constructor(ranges: readonly IpRange[]) {
    this.#merged = { IPv4: merge(ranges, "IPv4"), IPv6: merge(ranges, "IPv6") };
  }

  /** The parts of a range that are of this set, ascending. */
  within(range: IpRange): readonly IpRange[] {
    const { family, first, last } = range;
    const merged = this.#merged[family];
    const parts: IpRange[] = [];
    for (let index = this.#firstUpTo(range); index < merged.length; index++) {
      const part = merged[index] as IpRange;
      if (part.first > last) {
        break;
      }
      const isInside = part.first >= first && part.last <= last;
      parts.push(
        isInside ? part : { family, first: max(part.first, first), last: min(part.last, last) },
      );
    }
    return parts;
  }

  /** The parts of a range that are not of this set, ascending. */
  without(range: IpRange): readonly IpRange[] {
    const { family, last } = range;
    const taken = this.within(range);
    if (taken.length === 0) {
      return [range];
    }
    const left: IpRange[] = [];
    let first = range.first;
    for (const part of taken) {
      if (part.first > first) {
        left.push({ family, first, last: part.first - 1n });
      }
      first = part.last + 1n;
    }
    return first > last ? left : [...left, { family, first, last }];
  }

  /** The place of the first that does not end before the range begins. */
  #firstUpTo({ family, first }: IpRange): number {
    const merged = this.#merged[family];
    let low = 0;
    let high = merged.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((merged[middle] as IpRange).last < first) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}

function merge(ranges: readonly IpRange[], family: Family): readonly IpRange[] {
  const sorted = ranges
    .filter((range) => range.family === family)
    .sort((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)));
  const merged: IpRange[] = [];
  for (const range of sorted) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1n) {
      merged.push(range);
    } else if (range.last > before.last) {
      merged[merged.length - 1] = { ...before, last: range.last };
    }
  }
  return merged;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
