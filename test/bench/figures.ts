/** Figures beside what they may be at most, or have to be at least. */

import { alignColumns } from "./columns.ts";
import { percentile } from "./statistics.ts";

/** Each with the digits after the point that a table shows; × is a ratio, and without a unit things are counted. */
const DIGITS = {
  MiB: 1,
  s: 2,
  ms: 1,
  µs: 1,
  "×": 2,
  "%": 1,
  "per s": 2,
  "k/s": 0,
  "": 0,
} as const;
export type Unit = keyof typeof DIGITS;

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** The most that the value may be; a figure without is only told. */
  readonly bound?: number;
  /** The least that it may be. */
  readonly atLeast?: number;
}

const HEADER = ["", "measured", "bound", ""] as const;

export function isMissed({ value, bound, atLeast }: Figure): boolean {
  return (bound !== undefined && value > bound) || (atLeast !== undefined && value < atLeast);
}

/** The middle of what was measured again and again, which is held against the bound, and the worst of it. */
export function medianFigures(
  name: string,
  values: readonly number[],
  unit: Unit,
  bound?: number,
): readonly Figure[] {
  const median = percentile(values, 50);
  return [
    { name, value: median, unit, ...(bound !== undefined && { bound }) },
    { name: "  max", value: Math.max(...values), unit },
  ];
}

/** The worst of what was measured again and again, where each time counts. */
export function worstFigure(
  name: string,
  values: readonly number[],
  unit: Unit,
  bound?: number,
): Figure {
  return { name, value: Math.max(...values), unit, ...(bound !== undefined && { bound }) };
}

/** Lines of a table: the name, the value, the bound, and whether it is kept. */
export function tableOf(figures: readonly Figure[]): readonly string[] {
  return alignColumns([HEADER, ...figures.map(rowOf)], (column) => column === 0);
}

function rowOf(figure: Figure): readonly string[] {
  const { name, value, unit } = figure;
  const measured = `${value.toFixed(DIGITS[unit])} ${unit}`.trimEnd();
  const bound = boundOf(figure);
  return bound === undefined
    ? [name, measured, "", ""]
    : [name, measured, `${bound} ${unit}`.trimEnd(), isMissed(figure) ? "✗" : "✓"];
}

function boundOf({ bound, atLeast }: Figure): string | undefined {
  if (bound !== undefined) {
    return `≤ ${bound}`;
  }
  return atLeast === undefined ? undefined : `≥ ${atLeast}`;
}
