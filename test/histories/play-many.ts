import { Assigner } from "#controller/assigner.ts";
import type { Mix } from "./arbitrary-history.ts";
import { hunt } from "./hunt.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** The same histories each time, unless the variables `HISTORIES` (how many) and `HISTORIES_SEED` ask for others. */
const COUNT = Number(process.env["HISTORIES"] ?? 2500);
const SEED = Number(process.env["HISTORIES_SEED"] ?? 1);

/** @throws {Error} with the smallest history that goes wrong, as YAML */
export async function playMany(mix: Mix): Promise<void> {
  const found = await hunt({
    mix,
    make: (outside) => new Assigner("metallb-system", outside, SILENT),
    count: COUNT,
    seed: SEED,
  });
  if (found !== undefined) {
    throw new Error(found.message);
  }
}
