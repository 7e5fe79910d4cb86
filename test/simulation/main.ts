/** Plays membership and election on virtual networks, as often as asked: `make simulate`. */

import { Command, InvalidArgumentError, Option } from "commander";
import { PROFILE_NAMES, type ProfileName } from "#lib/membership/profile.ts";
import { type Played, play } from "./play.ts";
import { playAll } from "./players.ts";
import { Results } from "./results.ts";
import { scaleTable, stormTable } from "./scale.ts";
import { tryMutations } from "./try-mutations.ts";

const SEEDS = 5_000;
const PROGRESS_MS = 2_000;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly group?: string;
  readonly nodes?: number;
  readonly profile: ProfileName;
  readonly scenario?: string;
  readonly table?: true;
  readonly mutations?: true;
}

const began = performance.now();
const command = new Command("simulate")
  .description("Plays membership and election, and fails when a promise is broken.")
  .addOption(number("--seeds <count>", "play so many seeds").default(SEEDS))
  .addOption(number("--from <seed>", "begin with this one").default(1))
  .addOption(number("--seed <seed>", "play this one alone, and print what happened"))
  .addOption(new Option("--group <address>", "print what happened to this address only"))
  .addOption(number("--nodes <count>", "in clusters of so many nodes, 2 to 5 of them if not given"))
  .addOption(
    new Option("--profile <name>", "how patient members are")
      .choices(PROFILE_NAMES)
      .default("balanced"),
  )
  .addOption(new Option("--scenario <name>", "play this one only"))
  .addOption(new Option("--table", "measure clusters of 2 to 1,000 nodes, which takes a while"))
  .addOption(
    new Option("--mutations", "break the code in known ways, each of which has to be seen"),
  )
  .action(simulate);

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function simulate(options: Options): Promise<void> {
  if (options.table === true) {
    const tables = [
      await scaleTable(options.profile, progress),
      await stormTable(options.profile, progress),
    ];
    say(`\n${tables.join("\n\n")}`);
  } else if (options.mutations === true) {
    const { areAllCaught, table } = await tryMutations(progress);
    say(table);
    process.exitCode = areAllCaught ? 0 : 1;
  } else if (options.seed === undefined) {
    await playSeeds(options);
  } else {
    replay(options.seed, options);
  }
}

async function playSeeds({ from, group: _, seed: __, seeds, ...options }: Options): Promise<void> {
  const results = new Results();
  const timer = setInterval(
    () => progress(`${results.count} of ${seeds} seeds, ${results.failed.length} failed`),
    PROGRESS_MS,
  );
  const numbers = Array.from({ length: seeds }, (_seed, index) => from + index);
  try {
    await playAll<Played>({ job: { kind: "play", options }, seeds: numbers }, (played) =>
      results.add(played),
    );
  } finally {
    clearInterval(timer);
  }
  say(`${results.table}\n`);
  if (results.failed.length > 0) {
    say(results.complaints);
    process.exitCode = 1;
  }
  progress(`${results.count} seeds, ${results.failed.length} failed`);
}

function replay(seed: number, { group, nodes, profile, scenario }: Options): void {
  const { failures, timeline, trace } = play({
    seed,
    profile,
    ...(nodes === undefined ? {} : { nodes }),
    ...(scenario === undefined ? {} : { scenario }),
    telling: { group },
  });
  say(timeline);
  say(`trace ${trace}, ${failures.length} promises broken`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

function number(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    if (!/^\d+$/.test(text)) {
      throw new InvalidArgumentError("It is no whole number.");
    }
    return Number(text);
  });
}

function progress(sentence: string): void {
  say(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${sentence}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
