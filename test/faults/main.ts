/** Does to a cluster what may happen to one, and holds what clients see of it against the promises: `make faults`. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { PROFILE_NAMES, type ProfileName } from "#lib/membership/profile.ts";
import { describeMachine, percentBusy } from "#test/bench/machine.ts";
import { inflictAll } from "./campaign.ts";
import { type Fault, runsOf } from "./fault.ts";
import { MATRIX, ROWS_OF_MATRIX } from "./matrix.ts";
import type { Seen } from "./play.ts";
import { type FaultResult, isKept, missesOfAll } from "./report/result.ts";
import { tableOf } from "./report/table.ts";
import { timelineOf } from "./report/timeline.ts";
import { faults } from "./rows/all.ts";
import { type TestedFault, testedElsewhere } from "./rows/elsewhere.ts";
import { Scene } from "./scene.ts";
import { describeSetting, type Setting } from "./setting.ts";
import { runTests } from "./tests-of-their-own.ts";

interface Options {
  readonly rows?: ReadonlySet<string>;
  readonly runs?: number;
  readonly nodes: number;
  readonly services: number;
  readonly loss: number;
  readonly profile: ProfileName;
  readonly matrix?: true;
}

/** What is inflicted in one cluster, and what became of it. */
interface Plan {
  readonly setting: Setting;
  readonly faults: readonly Fault[];
  readonly tested: readonly TestedFault[];
}

interface Series {
  readonly setting: Setting;
  readonly results: readonly FaultResult[];
}

const ROOT = path.resolve(import.meta.dirname, "../..");
const OUTPUT = path.join(ROOT, "bench");
const PICTURES = path.join(OUTPUT, "faults");
const RESULTS = path.join(OUTPUT, "faults.json");
const BUSY_PERCENT = 15;
/** Of a cluster, and of its Services: until all is up. */
const START_S = 25;
const SERVICES_PER_S = 15;

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
  .addOption(
    new Option("--profile <name>", "of the speakers").choices(PROFILE_NAMES).default("balanced"),
  )
  .addOption(
    new Option(
      "--matrix",
      `rows ${[...ROWS_OF_MATRIX].join(" and ")} in ${MATRIX.length} clusters: 2, 3, 10 nodes; 1 and 1,000 Services; 0 and 3 % loss; fast`,
    ),
  )
  .action(main);

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const busy = await percentBusy();
  const machine = { ...describeMachine(), busyBefore: `${busy} %` };
  for (const [name, value] of Object.entries(machine)) {
    say(`${name.padEnd(12)} ${value}`);
  }
  if (busy > BUSY_PERCENT) {
    say("Other programs are at work on this machine: gaps will be longer than they need be.");
  }
  mkdirSync(PICTURES, { recursive: true });
  const plans = plansOf(options);
  const estimate = plans.map((plan) => secondsOf(plan, options)).reduce((sum, one) => sum + one, 0);
  say(`Estimated time: ${Math.ceil(estimate / 60)} min.`);
  const series: Series[] = [];
  for (const plan of plans) {
    const results = [...(await inflict(plan, options)), ...(await runTestsOf(plan.tested))];
    series.push({ setting: plan.setting, results: results.toSorted(byId) });
    // what there is, should the rest come to nothing
    writeFileSync(RESULTS, `${JSON.stringify({ machine, series }, undefined, 1)}\n`);
  }
  for (const one of series.filter(({ results }) => results.length > 0)) {
    tell(one);
  }
  say(
    `All values are in ${path.relative(process.cwd(), RESULTS)}, pictures in ${path.relative(process.cwd(), PICTURES)}.`,
  );
  process.exitCode = series.every(({ results }) => results.every(isKept)) ? 0 : 1;
}

function plansOf(options: Options): readonly Plan[] {
  const { loss: lossPercent, matrix, nodes, profile, rows, services } = options;
  const isMeant = ({ id }: { readonly id: string }) =>
    rows === undefined || rows.has(id) || rows.has(id.split("/")[0] ?? "");
  if (matrix === undefined) {
    const setting = { nodes, services, lossPercent, profile };
    return [{ setting, faults: faults.filter(isMeant), tested: testedElsewhere.filter(isMeant) }];
  }
  const ofMatrix = faults.filter((fault) => ROWS_OF_MATRIX.has(fault.id) && isMeant(fault));
  return MATRIX.map((setting) => ({
    setting,
    // keepalived knows nothing of the Services of others, and of no profile
    faults: ofMatrix.filter(
      ({ stage }) =>
        stage === undefined || (setting.services === 0 && setting.profile === "balanced"),
    ),
    tested: [],
  }));
}

function secondsOf({ faults: meant, setting, tested }: Plan, { runs }: Options): number {
  const start = meant.length === 0 ? 0 : START_S + setting.services / SERVICES_PER_S;
  const all = [
    ...meant.map((fault) => fault.seconds * (runs ?? runsOf(fault))),
    ...tested.map(({ seconds }) => seconds),
  ];
  return all.reduce((sum, one) => sum + one, start);
}

async function inflict(
  { faults: meant, setting }: Plan,
  { matrix, runs }: Options,
): Promise<readonly FaultResult[]> {
  if (meant.length === 0) {
    return [];
  }
  const bundle = mkdtempSync(path.join(tmpdir(), "herald-faults-"));
  try {
    progress(`${describeSetting(setting)}: bundling controller and speaker`);
    execFileSync(process.execPath, [path.join(ROOT, "tools/bundle.ts"), bundle], { stdio: "pipe" });
    await using scene = await Scene.start({ setting, bundle, progress });
    const folder = path.join(PICTURES, matrix === undefined ? "" : slugOf(setting));
    mkdirSync(folder, { recursive: true });
    const drawn = (fault: Fault, seen: Seen) => draw(scene, folder, fault, seen);
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

function draw(scene: Scene, folder: string, { id, name }: Fault, { records, run }: Seen): void {
  const svg = timelineOf({
    title: `${id}: ${name}`,
    span: run.span,
    marks: run.marks,
    seen: records,
    nameOf: (mac) => scene.nameOf(mac),
  });
  writeFileSync(path.join(folder, `${id.replace("/", "-")}.svg`), svg);
}

function tell({ results, setting }: Series): void {
  say(["", describeSetting(setting), "", ...tableOf(results), ""].join("\n"));
  for (const line of results.flatMap(missesOfAll)) {
    say(line);
  }
}

function byId(one: FaultResult, other: FaultResult): number {
  return one.id.localeCompare(other.id, "en", { numeric: true });
}

function slugOf(setting: Setting): string {
  return describeSetting(setting).replaceAll(/[^\w]+/g, "-");
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
