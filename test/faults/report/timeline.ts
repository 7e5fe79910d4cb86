/** One run of a fault as an SVG picture: when packets came back, and who was said to have the address. */

import { circle, line, type Place, picture, text } from "#test/bench/svg.ts";
import type { SeenRecord } from "#test/faults/observation/observation.ts";
import type { Saying, Span } from "#test/faults/observation/record.ts";
import type { Mark } from "#test/faults/story.ts";

export interface Timeline {
  readonly title: string;
  readonly span: Span;
  /** The first of them is at 0. */
  readonly marks: readonly Mark[];
  readonly seen: readonly SeenRecord[];
  readonly nameOf: (mac: string) => string;
}

interface Track {
  readonly label: string;
  readonly height: number;
  readonly draw: (y: number) => readonly string[];
}

const WIDTH = 960;
const PLOT = { left: 150, right: 930 } as const;
const TITLE_Y = 26;
const FIRST_MARK_Y = 50;
const MARK_HEIGHT = 16;
const ROW_HEIGHT = 24;
const HEADING_HEIGHT = 30;
const AXIS_HEIGHT = 66;
const LEGEND =
  "green: packets come back; blue: questions are answered; orange: notices that nobody asked for";
const MOST_TICKS = 14;
const TICK_SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];

/** Packets come back every 2 ms: without one for so long, there is a gap to be seen. */
const SHOWN_GAP_MS = 50;
/** Answers to questions, which are asked every 100 ms. */
const SHOWN_SILENCE_MS = 250;

const COLOR = {
  packets: "#2a7f3f",
  gap: "#c0392b",
  reply: "#1f5f99",
  notice: "#d98200",
  mark: "#888",
};

export function timelineOf({ title, span, marks, seen, nameOf }: Timeline): string {
  const zeroMs = marks[0]?.atMs ?? span.fromMs;
  const across = (atMs: number) =>
    PLOT.left +
    ((Math.min(Math.max(atMs, span.fromMs), span.toMs) - span.fromMs) / (span.toMs - span.fromMs)) *
      (PLOT.right - PLOT.left);
  const tracks = seen.flatMap((one) => tracksOf(one, span, across, nameOf));
  const top = FIRST_MARK_Y + marks.length * MARK_HEIGHT;
  const bottom = top + tracks.reduce((sum, { height }) => sum + height, 0);
  let y = top;
  const drawn = tracks.flatMap(({ draw, height, label }) => {
    const middle = y + height / 2;
    y += height;
    return [text([PLOT.left - 10, middle + 4], label, 'text-anchor="end"'), ...draw(middle)];
  });
  return picture(WIDTH, bottom + AXIS_HEIGHT, [
    text([WIDTH / 2, TITLE_Y], title, 'font-size="16" text-anchor="middle"'),
    ...axis(span, zeroMs, across, bottom),
    ...marks.flatMap((mark, index) => markParts(mark, index, across, bottom)),
    ...drawn,
    text([WIDTH / 2, bottom + AXIS_HEIGHT - 14], LEGEND, 'font-size="11" text-anchor="middle"'),
  ]);
}

function tracksOf(
  { record, title }: SeenRecord,
  span: Span,
  across: (atMs: number) => number,
  nameOf: (mac: string) => string,
): readonly Track[] {
  const isShown = ({ atMs }: { readonly atMs: number }) => atMs >= span.fromMs && atMs <= span.toMs;
  const said = record.sayings.filter(isShown);
  const answers = record.answers.filter(isShown).map(({ atMs }) => atMs);
  const bar = (stretches: readonly Span[], color: string, width: number) => (y: number) =>
    stretches.map(({ fromMs, toMs }) => {
      const from: Place = [across(fromMs), y];
      return line(from, [Math.max(across(toMs), from[0] + 1), y], color, `stroke-width="${width}"`);
    });
  const flow = stretchesOf(answers, SHOWN_GAP_MS);
  const heading = { label: title, height: HEADING_HEIGHT, draw: () => [] };
  const packets = {
    label: "packets back",
    height: ROW_HEIGHT,
    draw: (y: number) => [...bar(flow, COLOR.packets, 8)(y), ...gapTexts(flow, across, y)],
  };
  const macs = [...new Set(said.map(({ mac }) => mac))].toSorted();
  const voices = macs.map((mac) => {
    const own = said.filter((saying) => saying.mac === mac);
    const replies = own.filter(({ kind }) => kind === "reply").map(({ atMs }) => atMs);
    return {
      label: nameOf(mac),
      height: ROW_HEIGHT,
      draw: (y: number) => [
        ...bar(stretchesOf(replies, SHOWN_SILENCE_MS), COLOR.reply, 4)(y),
        ...noticeDots(own, across, y),
      ],
    };
  });
  return [heading, packets, ...voices];
}

function noticeDots(
  sayings: readonly Saying[],
  across: (atMs: number) => number,
  y: number,
): readonly string[] {
  return sayings
    .filter(({ kind }) => kind === "notice")
    .map(({ atMs }) => circle([across(atMs), y], 3.5, COLOR.notice));
}

function gapTexts(
  flow: readonly Span[],
  across: (atMs: number) => number,
  y: number,
): readonly string[] {
  return flow.slice(1).map(({ fromMs }, index) => {
    const before = flow[index]?.toMs ?? fromMs;
    const middle = (across(before) + across(fromMs)) / 2;
    const words = `${Math.round(fromMs - before)} ms`;
    return text([middle, y - 7], words, `font-size="11" text-anchor="middle" fill="${COLOR.gap}"`);
  });
}

function axis(
  { fromMs, toMs }: Span,
  zeroMs: number,
  across: (atMs: number) => number,
  y: number,
): readonly string[] {
  const seconds = (toMs - fromMs) / 1_000;
  const step = TICK_SECONDS.find((candidate) => seconds / candidate <= MOST_TICKS) ?? 3_600;
  const first = Math.ceil((fromMs - zeroMs) / 1_000 / step);
  const last = Math.floor((toMs - zeroMs) / 1_000 / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return [
    line([PLOT.left, y], [PLOT.right, y], "#333"),
    ...ticks.flatMap((tick) => {
      const x = across(zeroMs + tick * 1_000);
      return [
        line([x, y], [x, y + 5], "#333"),
        text([x, y + 20], `${tick} s`, 'text-anchor="middle"'),
      ];
    }),
  ];
}

function markParts(
  { atMs, text: words }: Mark,
  index: number,
  across: (atMs: number) => number,
  bottom: number,
): readonly string[] {
  const [x, y] = [across(atMs), FIRST_MARK_Y + index * MARK_HEIGHT];
  const isLate = x > (PLOT.left + PLOT.right) / 2;
  const place: Place = [isLate ? x - 4 : x + 4, y];
  return [
    line([x, y - 10], [x, bottom], COLOR.mark, 'stroke-dasharray="3 3"'),
    text(place, words, `font-size="12" text-anchor="${isLate ? "end" : "start"}"`),
  ];
}

/** Where times follow each other so closely. */
function stretchesOf(times: readonly number[], withinMs: number): readonly Span[] {
  const spans: { readonly fromMs: number; toMs: number }[] = [];
  for (const atMs of times) {
    const last = spans.at(-1);
    if (last !== undefined && atMs - last.toMs <= withinMs) {
      last.toMs = atMs;
    } else {
      spans.push({ fromMs: atMs, toMs: atMs });
    }
  }
  return spans;
}
