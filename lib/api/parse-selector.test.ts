import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FieldError } from "./field-error.ts";
import { parseSelector, selectorText } from "./parse-selector.ts";
import { matches } from "./selector.ts";

const FIELD = "spec.nodeSelectors[0]";

describe("a selector", () => {
  it("asks for every label and every expression it lists", () => {
    const selector = parseSelector(
      {
        matchLabels: { "example.com/zone": "a" },
        matchExpressions: [
          { key: "app", operator: "In", values: ["bar", "baz"] },
          { key: "old", operator: "DoesNotExist" },
        ],
      },
      FIELD,
    );

    expect(matches(selector, { "example.com/zone": "a", app: "baz" })).toBe(true);
    expect(matches(selector, { "example.com/zone": "b", app: "baz" })).toBe(false);
    expect(matches(selector, { "example.com/zone": "a", app: "baz", old: "" })).toBe(false);
  });

  it.each([
    ["no fields", {}],
    ["nothing", undefined],
    ["null", null],
    ["empty parts", { matchLabels: {}, matchExpressions: [] }],
  ])("matches everything when it has %s", (_, raw) => {
    expect(matches(parseSelector(raw, FIELD), { any: "thing" })).toBe(true);
  });

  it("has the same text as another that says the same in another order", () => {
    const one = parseSelector({ matchLabels: { a: "1", b: "2" } }, FIELD);
    const other = parseSelector(
      { matchLabels: { b: "2" }, matchExpressions: [{ key: "a", operator: "In", values: ["1"] }] },
      FIELD,
    );

    expect(selectorText(one)).toBe(selectorText(other));
  });
});

describe("a selector that cannot be used", () => {
  it.each([
    [
      "text",
      'spec.nodeSelectors[0]: "app=web" is not an object: write fields with values',
      "app=web",
    ],
    [
      "an unknown operator",
      'spec.nodeSelectors[0].matchExpressions[0].operator: "Equals" is not an operator: write In, NotIn, Exists or DoesNotExist',
      { matchExpressions: [{ key: "app", operator: "Equals", values: ["web"] }] },
    ],
    [
      "In without values",
      "spec.nodeSelectors[0].matchExpressions[0].values: In needs at least one value: add one, or use Exists or DoesNotExist",
      { matchExpressions: [{ key: "app", operator: "In" }] },
    ],
    [
      "Exists with values",
      "spec.nodeSelectors[0].matchExpressions[0].values: Exists takes no values: remove them, or use In or NotIn",
      { matchExpressions: [{ key: "app", operator: "Exists", values: ["web"] }] },
    ],
    [
      "an expression without key",
      "spec.nodeSelectors[0].matchExpressions[0].key: it is missing: add it",
      { matchExpressions: [{ operator: "Exists" }] },
    ],
    [
      "a number as value",
      "spec.nodeSelectors[0].matchLabels.rack: 7 is not text: put it in quotes",
      { matchLabels: { rack: 7 } },
    ],
    [
      "a key with a blank",
      'spec.nodeSelectors[0].matchLabels: "my app" is not a label key: write letters, digits, "-", "_" and ".", at most 63, perhaps after a DNS name and "/"',
      { matchLabels: { "my app": "web" } },
    ],
    [
      "a value with a slash",
      'spec.nodeSelectors[0].matchLabels.app: "a/b" is not a label value: write letters, digits, "-", "_" and ".", at most 63, a letter or digit at both ends',
      { matchLabels: { app: "a/b" } },
    ],
  ])("is refused for %s", (_, message, raw) => {
    expect(() => parseSelector(raw, FIELD)).toThrow(FieldError);
    expect(() => parseSelector(raw, FIELD)).toThrow(message);
  });

  it("gives a selector or a FieldError whatever it is given", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (labels, expressions) => {
        try {
          parseSelector({ matchLabels: labels, matchExpressions: [expressions] }, FIELD);
        } catch (error) {
          expect(error).toBeInstanceOf(FieldError);
        }
      }),
    );
  });
});
