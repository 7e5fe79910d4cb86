import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const GUIDE = readFileSync(path.join(ROOT, "docs/guide/troubleshooting.md"), "utf8");

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
