import { expect, test } from "vitest";
import { parseProcessStat, processorSecondsOf } from "./processor-time.ts";

const STAT =
  "4242 (node (x) y) S 1 4242 4242 0 -1 4194304 9000 0 3 0 150 50 7 8 20 0 11 0 123 1 2 3";

test("adds up user and system time, whatever the program is called", () => {
  expect(parseProcessStat(STAT)).toBe(2);
});

test("reads what the kernel says of a process that lives", () => {
  const { user, system } = process.cpuUsage();
  expect(processorSecondsOf(process.pid)).toBeCloseTo((user + system) / 1e6, 0);
});
