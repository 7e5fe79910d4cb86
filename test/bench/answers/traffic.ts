import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Family } from "#lib/address/ip.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { Core, onCore } from "#test/bench/pinning.ts";
import { inNamespace } from "#test/lab/network-namespace.ts";
import { run } from "#test/lab/run.ts";

const SOURCE = path.join(import.meta.dirname, "traffic.c");
const GRACE_MS = 30_000;

/** Which addresses are asked for, by how many askers, how often. */
export interface Load {
  readonly family: Family;
  /** Asks this host alone, of IPv6, as one does who wants to know whether it is still there; else all of a group. */
  readonly onlyMac?: Mac;
  /** The others follow it. */
  readonly first: string;
  readonly count: number;
  /** Each has a MAC address of its own. */
  readonly askers: number;
  /** 0: as many as can be. */
  readonly perSecond: number;
  readonly seconds: number;
}

export interface FloodResult {
  readonly sent: number;
  readonly answered: number;
  /** That came when no more questions did. */
  readonly late: number;
  readonly seconds: number;
}

export interface PaceResult {
  readonly sent: number;
  readonly latenciesUs: readonly number[];
}

export interface WatchResult {
  /** Frames of announcements. */
  readonly mostInASecond: number;
  /** Of each address in turn, from the first of all on; -1: none. */
  readonly firstMs: readonly number[];
}

/** The generator of questions, which runs in one namespace. */
export class Traffic {
  readonly #program: string;
  readonly #namespace: string;

  private constructor(program: string, namespace: string) {
    this.#program = program;
    this.#namespace = namespace;
  }

  /** Compiles it into the folder. @throws {CommandError} when there is no C compiler */
  static async compile(folder: string, namespace: string): Promise<Traffic> {
    const program = path.join(folder, "traffic");
    await run("gcc", ["-O2", "-o", program, SOURCE]);
    return new Traffic(program, namespace);
  }

  flood(load: Load): Promise<FloodResult> {
    return this.#load("flood", load);
  }

  /** As `flood`, with questions that nobody may answer. */
  wrong(load: Load): Promise<FloodResult> {
    return this.#load("wrong", load);
  }

  pace(load: Load): Promise<PaceResult> {
    return this.#load("pace", load);
  }

  /** Begins to watch for announcements; what comes back waits for the result. */
  async watch(
    family: Family,
    first: string,
    count: number,
    seconds: number,
  ): Promise<{ readonly result: Promise<WatchResult> }> {
    const words = ["watch", "eth0", numberOf(family), first, String(count), String(seconds)];
    const child = spawn(...inNamespace(this.#namespace, this.#program, words), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = linesOf(child);
    await lines.next();
    return { result: lines.next().then(({ value }) => JSON.parse(value)) };
  }

  /** Starts a loop in C that answers every ARP request in a namespace, where what is measured runs. */
  async answer(namespace: string): Promise<ChildProcess> {
    const words = inNamespace(namespace, this.#program, ["answer", "eth0"]);
    const [command, args] = onCore(Core.measured, words);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    await linesOf(child).next();
    return child;
  }

  async #load<Result>(mode: string, load: Load): Promise<Result> {
    const { family, onlyMac, first, count, askers, perSecond, seconds } = load;
    const numbers = [count, askers, perSecond, seconds].map(String);
    const to = onlyMac === undefined ? numberOf(family) : `${numberOf(family)}@${onlyMac}`;
    const words = [mode, "eth0", to, first, ...numbers];
    const [command, args] = onCore(
      Core.generator,
      inNamespace(this.#namespace, this.#program, words),
    );
    return JSON.parse(await run(command, args, { withinMs: seconds * 1_000 + GRACE_MS }));
  }
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) {
    throw new Error("The generator has no output");
  }
  void once(child, "exit");
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

function numberOf(family: Family): string {
  return family === "IPv4" ? "4" : "6";
}
