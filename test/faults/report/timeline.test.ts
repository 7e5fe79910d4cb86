import { expect, test } from "vitest";
import { timelineOf } from "./timeline.ts";

const A = "02:00:00:00:00:11";
const B = "02:00:00:00:00:12";

const RECORD = {
  beganAtMs: 0,
  endedAtMs: 4_000,
  // those between 1 s and 1.35 s did not come back
  answers: Array.from({ length: 2_000 }, (_, number) => ({ atMs: 2 * number, number })).filter(
    ({ atMs }) => atMs <= 1_000 || atMs >= 1_350,
  ),
  sayings: [
    ...[0, 100, 200].map((atMs) => ({ atMs, kind: "reply", source: A, mac: A }) as const),
    { atMs: 1_350, kind: "notice", source: B, mac: B } as const,
  ],
};

const PICTURE = timelineOf({
  title: "1: the owner loses power",
  span: { fromMs: 0, toMs: 4_000 },
  marks: [{ atMs: 1_000, text: "n1 loses power" }],
  seen: [{ title: "192.0.2.200 from c1", hasBackend: true, record: RECORD }],
  nameOf: (mac) => (mac === A ? "n1" : "n2"),
});

test("names what was done, what was looked at, and who spoke; the fault is at 0", () => {
  const texts = [...PICTURE.matchAll(/>([^<]+)<\/text>/g)].map(([, content]) => content);
  expect(texts).toEqual([
    "1: the owner loses power",
    ...["-1 s", "-0.5 s", "0 s", "0.5 s", "1 s", "1.5 s", "2 s", "2.5 s", "3 s"],
    "n1 loses power",
    "192.0.2.200 from c1",
    "packets back",
    "350 ms",
    "n1",
    "n2",
    "green: packets come back; blue: questions are answered; orange: notices that nobody asked for",
  ]);
});

test("shows what came back as two bars, the answers as one, and a notice as a dot", () => {
  expect(PICTURE.match(/stroke-width="8"/g)).toHaveLength(2);
  expect(PICTURE.match(/stroke-width="4"/g)).toHaveLength(1);
  expect(PICTURE.match(/<circle cx="413.3"/g)).toHaveLength(1);
});
