import { expect, test } from "vitest";
import type { Problem } from "#lib/api/problem.ts";
import { ProblemLog } from "./problems.ts";

const problem: Problem = {
  kind: "IPAddressPool",
  name: "lab",
  field: "spec.addresses",
  message: 'Cannot read pool "lab": spec.addresses: the pool has no addresses: add one',
};

test("tells each problem once, and once that all is good again", () => {
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const log = new ProblemLog({ debug: note, info: note, warn: note, error: note });
  const news = [[], [problem], [problem], [], []].map((problems) => log.tell(problems, true));
  expect(news).toEqual([false, true, false, true, false]);
  expect(lines).toEqual([
    "configuration refused: the last good one stays in force",
    "configuration is good again",
  ]);
});

test("says what follows when there is no good configuration yet", () => {
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  new ProblemLog({ debug: note, info: note, warn: note, error: note }).tell([problem], false);
  expect(lines).toEqual(["configuration refused: nothing is done until it is mended"]);
});
