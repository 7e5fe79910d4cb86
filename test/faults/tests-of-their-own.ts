/** Has vitest run the tests that a fault has elsewhere. */

import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runToExit } from "#test/lab/run.ts";
import type { FaultResult } from "./report/result.ts";
import type { TestedFault } from "./rows/elsewhere.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const VITEST = path.join(ROOT, "node_modules/vitest/vitest.mjs");
const LIMIT_MS = 900_000;

/** What is read of vitest's report in JSON. */
interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export async function runTests({ id, name, files, named }: TestedFault): Promise<FaultResult> {
  const output = path.join(tmpdir(), `herald-faults-${process.pid}.json`);
  const only = named === undefined ? [] : ["--testNamePattern", named];
  const reporting = ["--reporter=json", `--outputFile=${output}`];
  const args = [VITEST, "run", "--root", ROOT, ...reporting, ...only, ...files];
  try {
    const { exit, stderr } = await runToExit(process.execPath, args, { withinMs: LIMIT_MS });
    const troubles = troublesOf(JSON.parse(readFileSync(output, "utf8")));
    const unknown =
      exit === 0 || troubles.length > 0 ? [] : [`vitest ended with ${exit}: ${stderr}`];
    return { id, name, expected: "its tests pass", runs: [], troubles: [...troubles, ...unknown] };
  } finally {
    rmSync(output, { force: true });
  }
}

/** A sentence for each test that failed; tests that are all left out prove nothing. */
function troublesOf({ numPassedTests, testResults }: Report): readonly string[] {
  const failed = testResults.flatMap(({ assertionResults, name, status }) => {
    const tests = assertionResults.filter((test) => test.status === "failed");
    return status === "failed" && tests.length === 0
      ? [`${path.relative(ROOT, name)} failed`]
      : tests.map(({ fullName }) => `failed: ${fullName}`);
  });
  return numPassedTests === 0 && failed.length === 0 ? ["none of its tests was run"] : failed;
}
