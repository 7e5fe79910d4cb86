import { expect, test } from "vitest";
import { Prerequisites } from "./prerequisites.ts";

test("begins once, when the last of them is known", () => {
  let begun = 0;
  const known = new Prerequisites(["pools", "nodes"], () => {
    begun += 1;
  });
  known.met("nodes");
  known.met("nodes");
  expect(begun).toBe(0);
  expect(known.lacks("pools")).toBe(true);
  known.met("pools");
  known.met("pools");
  expect(begun).toBe(1);
  expect(known.areMet).toBe(true);
});
