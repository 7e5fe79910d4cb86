/** Does to a cluster what may happen to one, and holds what clients see of it against the promises: `make faults`. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { describeMachine, percentBusy } from "#test/bench/machine.ts";
import { inflictAll } from "./campaign.ts";
import type { Fault } from "./fault.ts";
import type { Seen } from "./play.ts";
import { type FaultResult, isKept, missesOfAll } from "./report/result.ts";
import { tableOf } from "./report/table.ts";
import { timelineOf } from "./report/timeline.ts";
import { faults } from "./rows/all.ts";
import { type TestedFault, testedElsewhere } from "./rows/elsewhere.ts";
import { Scene } from "./scene.ts";
import { runTests } from "./tests-of-their-own.ts";

interface Options {
  readonly rows?: ReadonlySet<string>;
  readonly runs?: number;
  readonly nodes: number;
  readonly services: number;
  readonly loss: number;
}

const ROOT = path.resolve(import.meta.dirname, "../..");
const OUTPUT = path.join(ROOT, "bench");
const PICTURES = path.join(OUTPUT, "faults");
const RESULTS = path.join(OUTPUT, "faults.json");
const BUSY_PERCENT = 15;

const began = performance.now();
const command = new Command("faults")
  .description("Inflicts faults on a cluster, and fails when one costs more than is promised.")
  .addOption(new Option("--rows <ids>", "these alone, such as 1,1b,9").argParser(parseRows))
  .addOption(
    new Option("--runs <count>", "so many of each, instead of as many as it has").argParser(
      parseCount,
    ),
  )
  .addOption(new Option("--nodes <count>", "nodes").argParser(parseCount).default(3))
  .addOption(
    new Option("--services <count>", "Services beside the one that is looked at")
      .argParser(parseCount)
      .default(0),
  )
  .addOption(
    new Option("--loss <percent>", "of all packets on the LAN, all the time")
      .argParser(parseCount)
      .default(0),
  )
  .action(main);

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const { nodes, services, loss } = options;
  const isMeant = ({ id }: { readonly id: string }) =>
    options.rows === undefined || options.rows.has(id) || options.rows.has(id.split("/")[0] ?? "");
  const busy = await percentBusy();
  const machine = { ...describeMachine(), busyBefore: `${busy} %` };
  for (const [name, value] of Object.entries(machine)) {
    say(`${name.padEnd(12)} ${value}`);
  }
  if (busy > BUSY_PERCENT) {
    say("Other programs are at work on this machine: gaps will be longer than they need be.");
  }
  mkdirSync(PICTURES, { recursive: true });
  const results = [
    ...(await inflict(faults.filter(isMeant), options)),
    ...(await runTestsOf(testedElsewhere.filter(isMeant))),
  ].toSorted((one, other) => one.id.localeCompare(other.id, "en", { numeric: true }));
  writeFileSync(
    RESULTS,
    `${JSON.stringify({ machine, nodes, services, loss, results }, undefined, 1)}\n`,
  );
  say(["", ...tableOf(results), ""].join("\n"));
  for (const miss of results.flatMap(missesOfAll)) {
    say(miss);
  }
  say(
    `All values are in ${path.relative(process.cwd(), RESULTS)}, pictures in ${path.relative(process.cwd(), PICTURES)}.`,
  );
  process.exitCode = results.every(isKept) ? 0 : 1;
}

async function inflict(
  meant: readonly Fault[],
  { runs, nodes, services, loss }: Options,
): Promise<readonly FaultResult[]> {
  if (meant.length === 0) {
    return [];
  }
  const bundle = mkdtempSync(path.join(tmpdir(), "herald-faults-"));
  try {
    progress("bundling controller and speaker");
    execFileSync(process.execPath, [path.join(ROOT, "tools/bundle.ts"), bundle], { stdio: "pipe" });
    await using scene = await Scene.start({ bundle, nodes, services, lossPercent: loss, progress });
    const drawn = (fault: Fault, seen: Seen) => draw(scene, fault, seen);
    return await inflictAll(scene, meant, { runs, progress, drawn });
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

async function runTestsOf(meant: readonly TestedFault[]): Promise<readonly FaultResult[]> {
  const results: FaultResult[] = [];
  for (const fault of meant) {
    progress(`${fault.id}: ${fault.name}, by ${fault.files.join(" and ")}`);
    results.push(await runTests(fault));
  }
  return results;
}

function draw(scene: Scene, { id, name }: Fault, { records, run }: Seen): void {
  const svg = timelineOf({
    title: `${id}: ${name}`,
    span: run.span,
    marks: run.marks,
    seen: records,
    nameOf: (mac) => scene.nameOf(mac),
  });
  writeFileSync(path.join(PICTURES, `${id.replace("/", "-")}.svg`), svg);
}

function parseRows(text: string): ReadonlySet<string> {
  const known = new Set(
    [...faults, ...testedElsewhere].flatMap(({ id }) => [id, id.split("/")[0] ?? id]),
  );
  const ids = text.split(",");
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `There are no rows ${unknown.join(", ")}: ${[...known].join(", ")}.`,
    );
  }
  return new Set(ids);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!(/^\d+$/.test(text) && Number.isSafeInteger(count))) {
    throw new InvalidArgumentError("It is no whole number.");
  }
  return count;
}

function progress(sentence: string): void {
  say(`${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${sentence}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
