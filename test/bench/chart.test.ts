import { expect, test } from "vitest";
import { svgOf } from "./chart.ts";

const CHART = {
  title: "One allocation & one release",
  x: "addresses in use",
  y: "ns",
  points: [
    { x: 1000, y: 4000, range: [3500, 4200] },
    { x: 2000, y: 4100, range: [4000, 4400] },
    { x: 4000, y: 4200, range: [4100, 4600] },
  ],
} as const;

test("draws each value as a point, the steps between equal when x doubles, and 0 at the bottom", () => {
  const circles = [...svgOf(CHART).matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)];
  const places = circles.map(([, cx, cy]) => [Number(cx), Number(cy)]);
  // The axis ends at 5,000 ns, 280 units above its beginning at 340.
  expect(places).toEqual([
    [80, 116],
    [385, 110.4],
    [690, 104.8],
  ]);
});

test("names axes and values", () => {
  const texts = [...svgOf(CHART).matchAll(/>([^<]+)<\/text>/g)].map(([, content]) => content);
  expect(texts).toEqual([
    "One allocation &amp; one release",
    "ns",
    "addresses in use",
    ...["0", "1,000", "2,000", "3,000", "4,000", "5,000"],
    ...["1,000", "2,000", "4,000"],
  ]);
});
