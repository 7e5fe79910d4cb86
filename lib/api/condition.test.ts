import { describe, expect, it } from "vitest";
import { nextCondition } from "./condition.ts";

const BEFORE = "2026-07-20T12:00:00Z";
const NOW = "2026-07-21T08:30:00Z";

const wanted = {
  type: "herald-lb.io/AddressAllocated",
  status: "True",
  reason: "Allocated",
  message: '192.0.2.10 from pool "lab"',
} as const;
const old = { ...wanted, lastTransitionTime: BEFORE };

describe("the next condition", () => {
  it("is none when the old one says all of it", () => {
    expect(nextCondition(old, wanted, NOW)).toBeUndefined();
  });

  it.each([
    ["begins now when there was none", undefined, NOW],
    ["begins now when the status changes", { ...old, status: "False" }, NOW],
    ["keeps its begin when only the reason changes", { ...old, reason: "Kept" }, BEFORE],
    ["keeps its begin when only the message changes", { ...old, message: "" }, BEFORE],
  ] as const)("%s", (_, before, lastTransitionTime) => {
    expect(nextCondition(before, wanted, NOW)).toEqual({ ...wanted, lastTransitionTime });
  });
});
