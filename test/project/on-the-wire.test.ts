/** The guide says what a speaker does on the wire, and which tests show it: neither may go without the other. */

import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { SpeakerMetrics } from "#speaker/metrics/speaker-metrics.ts";
import type { PacketRefusal } from "#speaker/network/member-channel.ts";
import { Verdict } from "#speaker/network/verdict.ts";
import { speakerCommand } from "#speaker/options.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const WIRE = "test/wire";
const PAGE = "docs/guide/on-the-wire.md";
const ROWS = tablesOf(PAGE).flat();

/** ARP has 18 requirements, and Neighbor Discovery 12. */
const NUMBERS = [
  ...Array.from({ length: 18 }, (_, index) => `A${index + 1}`),
  ...Array.from({ length: 12 }, (_, index) => `N${index + 1}`),
];

/** All of them, which the compiler holds complete. */
const PACKET_REFUSALS: Readonly<Record<PacketRefusal, true>> = {
  "bad-length": true,
  malformed: true,
  "not-authentic": true,
  "not-fresh": true,
  "other-magic": true,
  "other-version": true,
  "own-packet": true,
  replayed: true,
  "too-many-starts": true,
  "unknown-key": true,
  "unknown-sender": true,
};

/** A test that the guide names. */
interface Evidence {
  /** Path from the root of the sources. */
  readonly file: string;
  /** What the test's name begins with. */
  readonly beginning: string;
}

/** The tables of a page: rows of cells, the first of which is the head. */
function tablesOf(page: string): readonly (readonly (readonly string[])[])[] {
  return [...read(page).matchAll(/(?:^\|.*\n)+/gm)].map(([table]) =>
    table
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.split("|").slice(1, -1))
      .map((cells) => cells.map((cell) => cell.trim())),
  );
}

/** Of a last cell such as: `groups.test.ts` "N1: is left", "N1: is joined"; `lib/wire/ndp.test.ts` "reads". */
const EVIDENCE = /`([\w./-]+\.test\.ts)` ("[^"]+"(?:, "[^"]+")*)/g;

function evidenceOf(row: readonly string[]): readonly Evidence[] {
  return [...(row.at(-1)?.matchAll(EVIDENCE) ?? [])].flatMap(([, file = "", names = ""]) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, beginning = ""]) => ({
      file: file.includes("/") ? file : `${WIRE}/${file}`,
      beginning,
    })),
  );
}

/** The names of the tests of a file, as its source spells them: behind `test(`, `test.each(rows)(` or `])(`. */
function testNames(file: string): readonly string[] {
  const calls = read(file).matchAll(
    /(?:\btest(?:\.\w+)?\((?:[\w.]+\)\()?|\]\)\()\s*"((?:[^"\\]|\\.)+)"/g,
  );
  return [...calls].map(([, name = ""]) => name);
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

function numberOf(testName: string): string | undefined {
  return /^([AN]\d+):/.exec(testName)?.[1];
}

describe("the requirements of ARP and Neighbor Discovery", () => {
  const requirements = new Map(
    ROWS.filter(([number = ""]) => /^[AN]\d+$/.test(number)).map((row) => [row[0] ?? "", row]),
  );

  test("are in the guide, each once and in order", () => {
    const numbers = ROWS.map(([first = ""]) => first).filter((first) => /^[AN]\d+$/.test(first));
    expect(numbers).toEqual(NUMBERS);
  });

  test.each(NUMBERS)("%s is shown by a test of its number", (number) => {
    const evidence = evidenceOf(requirements.get(number) ?? []);
    expect(evidence.map(({ beginning }) => numberOf(beginning))).toContain(number);
  });

  test.each(globSync(`${WIRE}/*.test.ts`, { cwd: ROOT }))(
    "those that %s shows name it in their row",
    (file) => {
      const shown = new Set(testNames(file).flatMap((name) => numberOf(name) ?? []));
      const unnamed = [...shown].filter(
        (number) =>
          !evidenceOf(requirements.get(number) ?? []).some((named) => named.file === file),
      );
      expect(unnamed).toEqual([]);
    },
  );
});

describe("a test that the guide names exists", () => {
  const evidence = ROWS.flatMap(evidenceOf);

  test.each(evidence)("$file: $beginning", ({ file, beginning }) => {
    expect(existsSync(path.join(ROOT, file))).toBe(true);
    expect(testNames(file).filter((name) => name.startsWith(beginning))).not.toEqual([]);
  });

  test("and every row of a table with such tests names one", () => {
    const tables = tablesOf(PAGE).filter(([head]) => head?.at(-1) === "tested by");
    const cells = tables.flatMap(([, ...rows]) => rows.map((row) => row.at(-1) ?? ""));
    expect(tables.length).toBeGreaterThan(1);
    expect(cells.map((cell) => cell.replaceAll(EVIDENCE, "test"))).toEqual(
      cells.map(() => expect.stringMatching(/^test(?:; test)*$/)),
    );
  });
});

describe("the guide has a row", () => {
  const first = new Set(ROWS.flatMap(([cell = ""]) => cell.match(/[\w-]+/g) ?? []));

  test("for each reason to drop a frame", () => {
    const { answer, conflict, ...drops } = Verdict;
    expect(Object.keys(drops).filter((reason) => !first.has(reason))).toEqual([]);
  });

  test("for each reason that a packet of a member does not count", () => {
    expect(Object.keys(PACKET_REFUSALS).filter((reason) => !first.has(reason))).toEqual([]);
  });

  test("for each metric of a speaker", async () => {
    const { registry } = new SpeakerMetrics({
      node: "n1",
      counts: () => Promise.resolve(undefined),
      ipsOf: () => [],
    });
    const names = [...(await registry.text()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
    const page = read(PAGE);
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe.each(["docs/guide/links.md", PAGE])("the flags in %s", (page) => {
  const { options } = speakerCommand(() => Promise.resolve());
  const flags = tablesOf(page)
    .flat()
    .filter(([flag = ""]) => flag.startsWith("`--"));

  test("are there", () => {
    expect(flags.length).toBeGreaterThan(1);
  });

  test.each(flags)("%s has its default, %s", (flag, shown) => {
    const option = options.find(({ long }) => `\`${long}\`` === flag);
    const { defaultValue, defaultValueDescription } = option ?? {};
    expect(shown.replaceAll("`", "")).toBe(String(defaultValueDescription ?? defaultValue));
  });
});
