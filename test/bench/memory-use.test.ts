import { expect, test } from "vitest";
import { memoryUseOf, parseSmapsRollup } from "./memory-use.ts";

const ROLLUP = `00400000-7ffd3b7d2000 ---p 00000000 00:00 0                              [rollup]
Rss:               94208 kB
Pss:               43008 kB
Pss_Dirty:         39200 kB
Pss_Anon:          39424 kB
Pss_File:           3584 kB
`;

test("reads the resident and the private part", () => {
  expect(parseSmapsRollup(ROLLUP)).toEqual({ rss: 92, private: 38.5 });
});

test("says which line is missing", () => {
  expect(() => parseSmapsRollup(ROLLUP.replace("Pss_Anon", "Pss_New"))).toThrow(
    "Cannot read smaps_rollup: it has no line Pss_Anon",
  );
});

test("reads what the kernel says of a process that lives", () => {
  const use = memoryUseOf(process.pid);
  expect(use.private).toBeGreaterThan(1);
  expect(use.rss).toBeGreaterThan(use.private);
});
