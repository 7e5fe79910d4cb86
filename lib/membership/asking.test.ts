import { describe, expect, it } from "vitest";
import { Asking } from "./asking.ts";
import { profileOf } from "./profile.ts";

const OTHERS = ["n2", "n3", "n4", "n5"];

describe("Asking", () => {
  it("asks three others at once, the next ones every 50 ms", () => {
    const asking = new Asking(profileOf("balanced"), 0);
    expect([0, 49, 50].map((now) => asking.takeTurn(now, OTHERS))).toEqual([
      ["n2", "n3", "n4"],
      [],
      ["n5", "n2", "n3"],
    ]);
    expect(asking.nextDeadline).toBe(100);
  });

  it.each([
    { what: "300 ms if nobody answers", answers: 0, end: 300 },
    { what: "900 ms if somebody knows more", answers: 1, end: 900 },
    { what: "no longer however many know more", answers: 9, end: 900 },
  ])("takes $what", ({ answers, end }) => {
    const asking = new Asking(profileOf("balanced"), 0);
    for (let count = 0; count < answers; count++) {
      asking.answered();
    }
    expect([end - 1, end].map((now) => asking.isOver(now))).toEqual([false, true]);
  });
});
