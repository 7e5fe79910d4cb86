import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const GUIDE = readFileSync(path.join(ROOT, "docs/guide/troubleshooting.md"), "utf8");
const SOURCES = globSync("{lib,controller,speaker,test,tools,manifests}/**/*.ts", { cwd: ROOT });

/** The members of a union of texts, as its source spells them. */
function unionOf(file: string, name: string): readonly string[] {
  const source = readFileSync(path.join(ROOT, file), "utf8");
  const [, union = ""] = new RegExp(`export type ${name} =([^;]*);`).exec(source) ?? [];
  return [...union.matchAll(/"(\w+)"/g)].map(([, reason = ""]) => reason);
}

describe.each([
  ["lib/allocation/decision.ts", "Refusal"],
  ["lib/api/address-conflict.ts", "ConflictReason"],
  ["lib/election/not-announced.ts", "NotAnnounced"],
  ["speaker/status/announced.ts", "Trouble"],
  ["speaker/checks/findings.ts", "FindingReason"],
])("every reason of %s has its row in the guide", (file, name) => {
  const reasons = unionOf(file, name);

  test("there are reasons", () => {
    expect(reasons.length).toBeGreaterThan(1);
  });

  test.each(reasons)("%s", (reason) => {
    expect(GUIDE).toContain(`| ${reason} |`);
  });
});

test("the guide finds the processes of the images by their command lines", () => {
  const dockerfile = readFileSync(path.join(ROOT, "Dockerfile"), "utf8");
  for (const component of ["controller", "speaker"]) {
    expect(GUIDE).toContain(`herald/${component}/main.mjs`);
    expect(dockerfile).toContain(`"/herald/${component}/main.mjs"`);
  }
});

describe.each(globSync(["*.md", "docs/**/*.md"], { cwd: ROOT }))("%s", (page) => {
  const text = readFileSync(path.join(ROOT, page), "utf8");

  test("has links to pages, and headings on them, that exist", () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    const lost = targets.filter(([, file = "", heading]) => {
      const to = path.join(ROOT, file === "" ? page : path.join(path.dirname(page), file));
      return !existsSync(to) || (heading !== undefined && !headingsOf(to).includes(heading));
    });
    expect(lost.map(([link]) => link)).toEqual([]);
  });

  test("names source files that exist", () => {
    const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = ""]) => file);
    const lost = named.filter(
      (file) => !SOURCES.some((source) => `/${source}`.endsWith(`/${file}`)),
    );
    expect(lost).toEqual([]);
  });
});

/** As they stand behind the # of a link. */
function headingsOf(page: string): readonly string[] {
  return [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
}
