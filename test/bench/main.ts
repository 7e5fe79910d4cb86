/** Measures Herald as its images run it, mostly in the lab, and holds the figures against their bounds: `make bench`. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { allocatorFigures, measureAllocator } from "./allocator.ts";
import { answersFigures } from "./answers/figures.ts";
import { measureAnswers } from "./answers.ts";
import { type Figure, isMissed, tableOf } from "./figures.ts";
import { describeMachine, percentBusy } from "./machine.ts";
import { measureMemory, memoryFigures } from "./memory.ts";
import type { BenchOptions } from "./options.ts";
import { servicesFigures } from "./services/figures.ts";
import { measureServices } from "./services.ts";
import { measureTimeToAnswer, timeToAnswerFigures } from "./time-to-answer.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const BUSY_PERCENT = 15;
const OUTPUT = path.join(ROOT, "bench");
const RESULTS = path.join(OUTPUT, "results.json");
const SERVICE_COUNTS: readonly number[] = [1000, 10_000];

/** What was measured, and the figures that are made of it. */
interface Part {
  readonly raw: unknown;
  readonly figures: readonly Figure[];
}

const PARTS = {
  allocator: async (options: BenchOptions): Promise<Part> => {
    const raw = await measureAllocator(options);
    return { raw, figures: allocatorFigures(raw) };
  },
  answers: async (options: BenchOptions): Promise<Part> => {
    const raw = await measureAnswers(options);
    return { raw, figures: answersFigures(raw) };
  },
  memory: async (options: BenchOptions): Promise<Part> => {
    const raw = await measureMemory(options);
    return { raw, figures: memoryFigures(raw) };
  },
  "time-to-answer": async (options: BenchOptions): Promise<Part> => {
    const raw = await measureTimeToAnswer(options);
    return { raw, figures: timeToAnswerFigures(raw) };
  },
  services: async (options: BenchOptions): Promise<Part> => {
    const raw = await measureServices(options);
    return { raw, figures: servicesFigures(raw) };
  },
};
type PartName = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as readonly PartName[];

const began = performance.now();
const command = new Command("bench")
  .description("Measures Herald, and fails when a bound is missed.")
  .addOption(new Option("--only <part>", "measure this part alone").choices(NAMES))
  .addOption(
    new Option("--services <counts>", "create so many Services at once, in the part of that name")
      .argParser(parseCounts)
      .default(SERVICE_COUNTS, SERVICE_COUNTS.join(",")),
  )
  .action(async ({ only, services }: { only?: PartName; services: readonly number[] }) =>
    bench(only === undefined ? NAMES : [only], services),
  );

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function bench(names: readonly PartName[], serviceCounts: readonly number[]): Promise<void> {
  forgetNodeVariables();
  const busy = await percentBusy();
  const machine = { ...describeMachine(), busyBefore: `${busy} %` };
  for (const [name, value] of Object.entries(machine)) {
    say(`${name.padEnd(12)} ${value}`);
  }
  if (busy > BUSY_PERCENT) {
    say("Other programs are at work on this machine: times will be longer than they need be.");
  }
  const bundle = mkdtempSync(path.join(tmpdir(), "herald-bench-"));
  try {
    progress("bundling controller and speaker");
    execFileSync(process.execPath, [path.join(ROOT, "tools/bundle.ts"), bundle], { stdio: "pipe" });
    mkdirSync(OUTPUT, { recursive: true });
    const options = { bundle, output: OUTPUT, serviceCounts, progress };
    const measured: [PartName, Part][] = [];
    for (const name of names) {
      progress(`measuring: ${name}`);
      measured.push([name, await PARTS[name](options)]);
    }
    report(machine, measured);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

/** What the environment says to Node here, such as NODE_OPTIONS, does not reach a container. */
function forgetNodeVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("NODE_")) {
      delete process.env[name];
    }
  }
}

function report(
  machine: Readonly<Record<string, string>>,
  measured: readonly (readonly [PartName, Part])[],
): void {
  const figures = measured.flatMap(([, part]) => part.figures);
  const raw = Object.fromEntries(measured.map(([name, part]) => [name, part.raw]));
  writeFileSync(RESULTS, `${JSON.stringify({ machine, figures, raw }, undefined, 1)}\n`);
  say(["", ...tableOf(figures), ""].join("\n"));
  say(`All values are in ${path.relative(process.cwd(), RESULTS)}.`);
  const missed = figures.filter(isMissed);
  if (missed.length > 0) {
    say(`Missed: ${missed.map(({ name }) => name).join("; ")}.`);
    process.exitCode = 1;
  }
}

/** Numbers between commas. */
function parseCounts(text: string): readonly number[] {
  const counts = text.split(",").map(Number);
  if (counts.some((count) => !(Number.isInteger(count) && count > 0))) {
    throw new InvalidArgumentError("It is no list such as 1000,10000.");
  }
  return counts;
}

function progress(sentence: string): void {
  say(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${sentence}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
