import { describe, expect, test } from "vitest";
import { advertisementsOf, covers } from "./covering.ts";
import type { Pool } from "./pool.ts";
import type { Selector } from "./selector.ts";
import { l2Advertisement } from "./testing/fixture.ts";

const PUBLIC: Selector = { requirements: [{ key: "public", operator: "Exists" }] };

const pool: Pool = {
  name: "lab",
  labels: { public: "" },
  ranges: [],
  autoAssign: true,
  avoidBuggyIps: false,
  excluded: [],
  holdReleasedMs: 0,
};

const every = l2Advertisement();

describe("an advertisement", () => {
  test.each([
    ["that names and selects no pool", {}, true],
    ["that names the pool", { pools: ["home", "lab"] }, true],
    ["that selects the pool by label", { poolSelectors: [PUBLIC] }, true],
    [
      "that names another pool and selects this",
      { pools: ["home"], poolSelectors: [PUBLIC] },
      true,
    ],
    ["that names another pool only", { pools: ["home"] }, false],
    [
      "that selects other pools only",
      { poolSelectors: [{ requirements: [{ key: "public", operator: "DoesNotExist" }] }] },
      false,
    ],
  ] as const)("%s covers it: %j is %s", (_, fields, expected) => {
    const advertisement = { ...every, ...fields };
    expect(advertisementsOf(pool, [advertisement])).toEqual(expected ? [advertisement] : []);
  });

  test("that reaches a pool by name and by label counts once", () => {
    const both = { ...every, pools: ["lab"], poolSelectors: [PUBLIC, { requirements: [] }] };
    expect(advertisementsOf(pool, [both, every])).toEqual([both, every]);
  });
});

describe("a list of selectors", () => {
  test("covers everything when it is empty, and else what one of them matches", () => {
    expect(covers([], {})).toBe(true);
    expect(
      covers([{ requirements: [{ key: "x", operator: "Exists" }] }, PUBLIC], { public: "1" }),
    ).toBe(true);
    expect(covers([PUBLIC], {})).toBe(false);
  });
});
