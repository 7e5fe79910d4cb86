import { expect, test } from "vitest";
import { isSameLabels, type Labels, matches, matchesAny, type Requirement } from "./selector.ts";

test.each<[Requirement, Record<string, string>, boolean]>([
  [{ key: "app", operator: "In", values: ["a", "b"] }, { app: "b" }, true],
  [{ key: "app", operator: "In", values: ["a", "b"] }, { app: "c" }, false],
  [{ key: "app", operator: "In", values: ["a"] }, {}, false],
  [{ key: "app", operator: "NotIn", values: ["a"] }, { app: "b" }, true],
  [{ key: "app", operator: "NotIn", values: ["a"] }, { app: "a" }, false],
  [{ key: "app", operator: "NotIn", values: ["a"] }, {}, true],
  [{ key: "app", operator: "Exists" }, { app: "" }, true],
  [{ key: "app", operator: "Exists" }, {}, false],
  [{ key: "app", operator: "DoesNotExist" }, {}, true],
  [{ key: "app", operator: "DoesNotExist" }, { app: "" }, false],
  [{ key: "toString", operator: "Exists" }, {}, false],
])("%j holds for %j: %s", (requirement, labels, expected) => {
  expect(matches({ requirements: [requirement] }, labels)).toBe(expected);
});

test("every requirement of a selector must hold, and one selector of a list", () => {
  const both = {
    requirements: [
      { key: "a", operator: "Exists" },
      { key: "b", operator: "Exists" },
    ],
  } as const;
  expect(matches(both, { a: "" })).toBe(false);
  expect(matches({ requirements: [] }, {})).toBe(true);
  expect(matchesAny([both, { requirements: [] }], {})).toBe(true);
  expect(matchesAny([], {})).toBe(false);
});

test.each([
  [{}, {}, true],
  [{ a: "1", b: "2" }, { b: "2", a: "1" }, true],
  [{ a: "1" }, { a: "2" }, false],
  [{ a: "1" }, { b: "1" }, false],
  [{ a: "1" }, {}, false],
  [{}, { a: "1" }, false],
])("labels %j and %j are the same: %s", (a, b, expected) => {
  expect(isSameLabels(a as Labels, b as Labels)).toBe(expected);
});
