import { expect, test } from "vitest";
import { commonOrder } from "./common-order.ts";

test.each([
  ["of one is that one", [["n2", "n1"]], ["n2", "n1"]],
  [
    "has the nodes of all, as the first has them",
    [
      ["n3", "n2", "n1"],
      ["n1", "n3"],
    ],
    ["n3", "n1"],
  ],
  ["is the first where they have nothing in common", [["n2", "n1"], ["n3"]], ["n2", "n1"]],
])("the common order %s", (_, [first = [], ...others], common) => {
  expect([...commonOrder(first, others)]).toEqual(common);
});
