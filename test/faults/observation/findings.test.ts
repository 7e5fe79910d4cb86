import { describe, expect, test } from "vitest";
import { findIn, steadyOwner, worstOf } from "./findings.ts";
import type { ObservationRecord, Saying } from "./record.ts";

const A = "02:00:00:00:00:11";
const B = "02:00:00:00:00:12";
const STRANGER = "02:00:00:00:01:02";
const NOBODY = "02:00:00:00:09:99";
const KNOWN = { nodes: new Set([A, B]), strangers: new Set([STRANGER]) };
const ALL = { fromMs: 0, toMs: 10_000 };

/** Ten seconds in which each packet came back a tenth of a millisecond after it left, but for these times. */
function recordWithout(...pauses: readonly (readonly [fromMs: number, toMs: number])[]) {
  const answers = Array.from({ length: 5_000 }, (_, number) => ({
    atMs: 2 * number + 0.1,
    number,
  }));
  return {
    beganAtMs: 0,
    endedAtMs: 10_000,
    answers: answers.filter(({ atMs }) => !pauses.some(([from, to]) => atMs > from && atMs < to)),
    sayings: [],
  } satisfies ObservationRecord;
}

/** As heard: a MAC each 100 ms, from the first time up to the second. */
function said(mac: string, fromMs: number, toMs: number, source = mac): readonly Saying[] {
  return Array.from({ length: Math.floor((toMs - fromMs) / 100) + 1 }, (_, index) => ({
    atMs: fromMs + index * 100,
    kind: "reply" as const,
    source,
    mac,
  }));
}

function saidBy(...sayings: readonly (readonly Saying[])[]): ObservationRecord {
  return {
    ...recordWithout(),
    sayings: sayings.flat().toSorted((one, two) => one.atMs - two.atMs),
  };
}

test("a packet that did not come back is lost, and the gap lasts from answer to answer", () => {
  const { longestGapMs, lost, sent } = findIn(recordWithout([3_000, 3_300]), ALL, KNOWN);
  expect(lost).toBe(150);
  expect(sent).toBe(5_000);
  expect(longestGapMs).toBeCloseTo(302, 1);
});

test("packets that come back late, all at once, make a gap and are not lost", () => {
  const { answers, ...rest } = recordWithout();
  const late = answers.map(({ atMs, number }) =>
    number >= 1_000 && number < 1_100 ? { atMs: 2_200, number } : { atMs, number },
  );
  const found = findIn({ ...rest, answers: late }, ALL, KNOWN);
  expect(found.lost).toBe(0);
  expect(found.longestGapMs).toBeCloseTo(201.9, 1);
});

test("a gap that is open at the end of the span counts up to there", () => {
  const record = recordWithout([9_000, 10_000]);
  expect(findIn(record, ALL, KNOWN).longestGapMs).toBeCloseTo(1_001.9, 1);
  expect(findIn(record, { fromMs: 0, toMs: 8_000 }, KNOWN)).toMatchObject({ lost: 0, sent: 4_000 });
});

test("an observer that never got an answer has a gap as long as the span", () => {
  const record = { ...recordWithout(), answers: [] };
  expect(findIn(record, ALL, KNOWN)).toMatchObject({ longestGapMs: 10_000, lost: 5_000 });
});

test("a packet that came back twice is one", () => {
  const record = recordWithout([4_000, 4_002]);
  const answers = [...record.answers, { atMs: 6_000, number: 10 }];
  expect(findIn({ ...record, answers }, ALL, KNOWN).lost).toBe(1);
});

describe("of those who are said to have the address", () => {
  test.each([
    ["one and no other", [said(A, 0, 9_900)], { changes: 0, contests: 0, longestContestMs: 0 }],
    [
      "one after the other",
      [said(A, 0, 4_000), said(B, 4_350, 9_900)],
      { changes: 1, contests: 0 },
    ],
    [
      "one in the other's name, as a surrogate says it",
      [said(A, 0, 4_000), said(A, 4_300, 9_900, B)],
      { changes: 0, contests: 0, wrong: 0, longestSilenceMs: 300 },
    ],
    [
      "two in turn",
      [said(A, 0, 6_000), said(B, 4_050, 9_950)],
      { changes: 41, contests: 1, longestContestMs: 1_950 },
    ],
    [
      "the former owner once more, after a long time",
      [said(A, 0, 4_000), said(B, 4_350, 9_950), said(A, 8_000, 8_000)],
      { changes: 3, contests: 1, longestContestMs: 0 },
    ],
    [
      "the former owner by a frame that was overtaken",
      [said(A, 0, 4_000), said(B, 3_995, 9_900)],
      { changes: 3, contests: 0 },
    ],
    [
      "one, and then another and back",
      [said(A, 0, 2_000), said(B, 2_500, 5_000), said(A, 6_000, 9_900)],
      { changes: 2, contests: 0 },
    ],
    [
      "one whom nobody knows",
      [said(A, 0, 9_900), said(NOBODY, 5_050, 5_150)],
      { wrong: 2, changes: 0 },
    ],
    [
      "one who claims it by order of the test",
      [said(A, 0, 9_900), said(STRANGER, 5_050, 5_050)],
      { wrong: 0, changes: 0 },
    ],
  ])("%s", (_, sayings, expected) => {
    expect(findIn(saidBy(...sayings), ALL, KNOWN)).toMatchObject(expected);
  });

  test("only what was said within the span counts", () => {
    const record = saidBy(said(A, 0, 4_000), said(B, 4_350, 9_900));
    expect(findIn(record, { fromMs: 5_000, toMs: 9_000 }, KNOWN).changes).toBe(0);
  });
});

test("of several observers the worst of each counts, and all that any of them lost", () => {
  const one = findIn(recordWithout([1_000, 1_100]), ALL, KNOWN);
  const two = findIn(saidBy(said(A, 0, 2_000), said(B, 2_100, 9_900)), ALL, KNOWN);
  expect(worstOf([one, two])).toMatchObject({
    longestGapMs: one.longestGapMs,
    lost: 50,
    sent: 10_000,
    changes: 1,
  });
});

describe("an owner is steady", () => {
  const SPAN = { fromMs: 6_000, toMs: 8_000 };

  test("who alone has the address, and is reached", () => {
    expect(steadyOwner(saidBy(said(A, 0, 4_000), said(B, 4_350, 9_900)), SPAN)).toEqual({ mac: B });
  });

  test.each([
    ["unless nobody answers", saidBy(), "nobody was said to have the address"],
    [
      "unless there are two",
      saidBy(said(A, 0, 9_900), said(B, 7_000, 7_000)),
      `${A} and ${B} was said to have the address`,
    ],
    ["unless packets are lost", recordWithout([6_500, 6_700]), "no packet came back for 202 ms"],
  ])("%s", (_, record, why) => {
    expect(steadyOwner(record, SPAN)).toEqual({ why });
  });
});
