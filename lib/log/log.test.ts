import { expect, test } from "vitest";
import { createLog } from "./log.ts";

function captured(): { lines: Record<string, unknown>[]; write(line: string): void } {
  const lines: Record<string, unknown>[] = [];
  return { lines, write: (line) => lines.push(JSON.parse(line)) };
}

test("a line is one JSON object with time, level, msg and its fields", () => {
  const output = captured();
  createLog("info", output).warn("address conflict", { ip: "192.0.2.10", defended: true });
  expect(output.lines).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: "warn",
      msg: "address conflict",
      ip: "192.0.2.10",
      defended: true,
    },
  ]);
});

test("a line of level debug also says when it was said, unless it tells of another thread's", () => {
  const output = captured();
  const log = createLog("debug", output, () => 1_767_225_600_000.125);
  log.debug("here");
  log.debug("there", { atMs: 1_767_225_599_999.5 });
  expect(output.lines).toMatchObject([
    { msg: "here", atMs: 1_767_225_600_000.125 },
    { msg: "there", atMs: 1_767_225_599_999.5 },
  ]);
});

test.each([
  ["all", 4],
  ["debug", 4],
  ["info", 3],
  ["warn", 2],
  ["error", 1],
  ["none", 0],
] as const)(
  "level %s lets %i of the four kinds of line through, also when set later",
  (level, count) => {
    const output = captured();
    const log = createLog("none", output);
    log.setLevel(level);
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(output.lines).toHaveLength(count);
  },
);
