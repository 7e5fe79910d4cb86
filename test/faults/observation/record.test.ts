import { expect, test } from "vitest";
import { parseRecord } from "./record.ts";

const A = "02:00:00:00:00:11";
const B = "02:00:00:00:00:12";

test("what an observer writes is read line by line", () => {
  expect(
    parseRecord([
      "ready 5000000",
      `said 5000150 reply ${A} ${A}`,
      "answer 5000200 0",
      `said 5001000 notice ${B} ${A}`,
      "end 5004000",
    ]),
  ).toEqual({
    beganAtMs: 5_000,
    endedAtMs: 5_004,
    answers: [{ atMs: 5_000.2, number: 0 }],
    sayings: [
      { atMs: 5_000.15, kind: "reply", source: A, mac: A },
      { atMs: 5_001, kind: "notice", source: B, mac: A },
    ],
  });
});

test("an observer that is still at work has no end", () => {
  expect(parseRecord(["ready 1000"]).endedAtMs).toBeUndefined();
});

test("what no observer writes is refused", () => {
  expect(() => parseRecord(["observer: cannot bind to the link: No such device"])).toThrow(
    'The observer wrote "observer: cannot bind',
  );
});
