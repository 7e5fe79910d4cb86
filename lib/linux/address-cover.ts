/** Intervals of 32-bit numbers that hold all numbers of a list, and few others: what a filter compares with. */

export interface Interval {
  readonly first: number;
  /** Not less than the first, and not adjacent to another interval. */
  readonly last: number;
}

/**
 * Covers the values with at most so many intervals, in ascending order. They hold nothing else while that is possible;
 * after that the widest gaps are kept, so that what is held besides is the least that it can be.
 *
 * @param values unsigned integers of 32 bits, in any order, also repeatedly
 * @param most 1 or more
 */
export function coverOf(values: Iterable<number>, most: number): readonly Interval[] {
  const runs = runsOf(Uint32Array.from(values).sort());
  return runs.length <= most ? runs : joined(runs, gapsToKeep(runs, most - 1));
}

/** @param sorted ascending */
function runsOf(sorted: Uint32Array): readonly Interval[] {
  const runs: Interval[] = [];
  let [first] = sorted;
  let last = first;
  for (const value of sorted) {
    if (first !== undefined && last !== undefined && value > last + 1) {
      runs.push({ first, last });
      first = value;
    }
    last = value;
  }
  if (first !== undefined && last !== undefined) {
    runs.push({ first, last });
  }
  return runs;
}

/** Which gaps to keep, the widest; a gap is known by the index of the run behind it. */
function gapsToKeep(runs: readonly Interval[], count: number): ReadonlySet<number> {
  const widths = runs.map(({ first }, index) => first - (runs[index - 1]?.last ?? first));
  const indexes = [...widths.keys()].sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
  return new Set(indexes.slice(0, count));
}

function joined(runs: readonly Interval[], kept: ReadonlySet<number>): readonly Interval[] {
  const starts = [...runs.keys()].filter((index) => index === 0 || kept.has(index));
  return starts.flatMap((start, index) => {
    const first = runs[start]?.first;
    const last = runs[(starts[index + 1] ?? runs.length) - 1]?.last;
    return first === undefined || last === undefined ? [] : [{ first, last }];
  });
}
