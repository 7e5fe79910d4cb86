import { expect, it } from "vitest";
import { ANNOTATION } from "./annotations.ts";
import { readAnnotation } from "./read-annotation.ts";

const CURRENT = "metallb.io/address-pool";
const LEGACY = "metallb.universe.tf/address-pool";

it.each([
  ["the current key", { [CURRENT]: "a" }, { key: CURRENT, value: "a" }],
  ["the older key", { [LEGACY]: "b" }, { key: LEGACY, value: "b" }],
  [
    "the current key rather than the older",
    { [LEGACY]: "b", [CURRENT]: "a" },
    { key: CURRENT, value: "a" },
  ],
  [
    "the current key even when it is empty",
    { [LEGACY]: "b", [CURRENT]: "" },
    { key: CURRENT, value: "" },
  ],
  ["nothing when there is neither", { other: "c" }, undefined],
])("an annotation is read from %s", (_, annotations, expected) => {
  expect(readAnnotation(annotations, ANNOTATION.addressPool)).toEqual(expected);
});
