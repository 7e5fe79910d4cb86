/** Breaks copies of the code in known ways, and plays them until the break is seen. */

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Edit, MUTATIONS, type Mutation } from "./mutations.ts";
import type { Played } from "./play.ts";
import { playAll, ROOT } from "./players.ts";
import { tableOf } from "./table.ts";

/** Has to be seen within so many. */
const SEEDS = 1_500;

const COPIED: readonly string[] = ["lib", "test/simulation", "package.json"];

/** @param said told each result as soon as it is known */
export async function tryMutations(
  said: (sentence: string) => void,
): Promise<{ readonly areAllCaught: boolean; readonly table: string }> {
  const rows: (readonly string[])[] = [["what is broken", "against", "seen as", "seeds"]];
  let areAllCaught = true;
  for (const mutation of MUTATIONS) {
    const { broken, seeds } = await tryMutation(mutation);
    areAllCaught &&= broken !== undefined;
    const row = [mutation.name, mutation.promise, broken ?? "NOT SEEN", `${seeds}`];
    said(row.join("  "));
    rows.push(row);
  }
  return { areAllCaught, table: tableOf(rows) };
}

/** The promise that was seen broken first, and how many seeds were played until then. */
async function tryMutation({
  edits,
  nodes,
  scenario,
}: Mutation): Promise<{ readonly broken: string | undefined; readonly seeds: number }> {
  const root = mkdtempSync(path.join(tmpdir(), "herald-mutation-"));
  try {
    for (const name of COPIED) {
      cpSync(path.join(ROOT, name), path.join(root, name), { recursive: true });
    }
    symlinkSync(path.join(ROOT, "node_modules"), path.join(root, "node_modules"));
    for (const edit of edits) {
      apply(edit, root);
    }
    const found = new AbortController();
    let broken: string | undefined;
    let seeds = 0;
    const options = {
      ...(nodes === undefined ? {} : { nodes }),
      ...(scenario === undefined ? {} : { scenario }),
    };
    const job = { kind: "play", options } as const;
    const numbers = Array.from({ length: SEEDS }, (_, index) => index + 1);
    await playAll<Played>(
      { job, seeds: numbers },
      ({ failures: [first] }) => {
        seeds += found.signal.aborted ? 0 : 1;
        if (first !== undefined) {
          broken ??= first.promise;
          found.abort();
        }
      },
      { root, signal: found.signal },
    );
    return { broken, seeds };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** @throws {Error} when the code is not what the mutation was written for */
function apply({ file, from, to }: Edit, root: string): void {
  const name = path.join(root, file);
  const [before, after, ...more] = readFileSync(name, "utf8").split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`Cannot mutate ${file}: "${from}" does not stand in it once`);
  }
  writeFileSync(name, `${before}${to}${after}`);
}
