/** One curve as an SVG picture. */

import { circle, line, picture, round, text } from "./svg.ts";

export interface Chart {
  readonly title: string;
  /** What stands below the horizontal axis, whose steps double. */
  readonly x: string;
  /** What stands above the vertical axis, which begins at 0. */
  readonly y: string;
  /** From left to right; x > 0. */
  readonly points: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
  /** A line from the least to the greatest that was measured. */
  readonly range: readonly [least: number, greatest: number];
}

const WIDTH = 720;
const HEIGHT = 400;
const PLOT = { left: 70, right: 700, top: 60, bottom: 340 } as const;
const STEPS = 5;

export function svgOf({ title, x, y, points }: Chart): string {
  const highest = niceAbove(Math.max(...points.flatMap((point) => point.range)));
  const exponents = points.map((point) => Math.log2(point.x));
  const [first, last] = [Math.min(...exponents), Math.max(...exponents)];
  const across = (value: number) =>
    PLOT.left +
    ((Math.log2(value) - first) / Math.max(last - first, 1)) * (PLOT.right - PLOT.left - 20) +
    10;
  const up = (value: number) => PLOT.bottom - (value / highest) * (PLOT.bottom - PLOT.top);
  const middle = (PLOT.left + PLOT.right) / 2;
  return picture(WIDTH, HEIGHT, [
    text([middle, 28], title, 'font-size="16" text-anchor="middle"'),
    text([PLOT.left, PLOT.top - 14], y, 'text-anchor="middle"'),
    text([middle, HEIGHT - 14], x, 'text-anchor="middle"'),
    ...Array.from({ length: STEPS + 1 }, (_, step) => (highest / STEPS) * step).flatMap((value) => [
      line([PLOT.left, up(value)], [PLOT.right, up(value)], "#ddd"),
      text([PLOT.left - 8, up(value) + 4], numberText(value), 'text-anchor="end"'),
    ]),
    ...points.map((point) =>
      text([across(point.x), PLOT.bottom + 20], numberText(point.x), 'text-anchor="middle"'),
    ),
    ...points.map(({ x: at, range: [least, greatest] }) =>
      line([across(at), up(least)], [across(at), up(greatest)], "#9bb8d3"),
    ),
    `<polyline points="${points.map((point) => place(across(point.x), up(point.y))).join(" ")}" fill="none" stroke="#1f5f99" stroke-width="2"/>`,
    ...points.map((point) => circle([across(point.x), up(point.y)], 3.5, "#1f5f99")),
  ]);
}

/** The least of 1, 2, 5 times a power of ten that is not less. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((factor) => factor * power >= value) ?? 10) * power;
}

function place(x: number, y: number): string {
  return `${round(x)},${round(y)}`;
}

function numberText(value: number): string {
  return Math.round(value).toLocaleString("en");
}
