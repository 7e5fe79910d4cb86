/** A long-running program of the lab, started, watched by its log, and ended as a test wants it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { eventually, type Falsy, type Patience } from "./eventually.ts";
import { LogFile, type LogLine } from "./log-file.ts";
import { inNamespace } from "./network-namespace.ts";

export interface ProcessOptions {
  readonly name: string;
  /** The namespace it lives in; that of the caller when left out. */
  readonly namespace?: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Takes standard output and standard error; kept across restarts. */
  readonly logPath: string;
  /** Resolves once the program does its work; `start` waits for it. It is tried again while it throws or gives false. */
  readonly isReady?: (process: Process) => boolean | Promise<boolean>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WaitOptions extends Patience {
  /** Index of the first line to look at: `lines.length` now, for what comes later. By default, the first of this run. */
  readonly from?: number;
}

interface Child {
  readonly process: ChildProcess;
  readonly exit: Promise<Exit>;
}

/** Enough of a log to see why its program ended. */
const TAIL_LINES = 15;

/** Its output goes to a file, never to a pipe, so that it runs on when the process that started it ends. */
export class Process {
  readonly name: string;
  readonly logPath: string;
  readonly #options: ProcessOptions;
  readonly #log: LogFile;
  #child: Child | undefined;
  #firstLineOfRun = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.name = options.name;
    this.logPath = options.logPath;
    this.#log = new LogFile(options.logPath);
  }

  /** Every line written since the first start. */
  get lines(): readonly string[] {
    return this.#log.read();
  }

  /** The lines that are JSON objects. */
  get logs(): LogLine[] {
    return this.#log.readJson().filter((line) => line !== undefined);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** @throws {Error} when it does not run */
  get pid(): number {
    return this.#running().process.pid ?? 0;
  }

  /**
   * Starts it and waits until it is ready.
   *
   * @throws {Error} when it runs already, ends before it is ready, or is not ready in time
   */
  async start(patience?: Patience): Promise<void> {
    if (this.#child !== undefined) {
      throw new Error(`Cannot start ${this.name}: it runs already, with pid ${this.pid}`);
    }
    this.#firstLineOfRun = this.lines.length;
    this.#child = await this.#spawn();
    const { isReady } = this.#options;
    if (isReady !== undefined) {
      await this.#whileRunning(`${this.name} to be ready`, () => isReady(this), patience);
    }
  }

  /** Sends a signal and waits for the end. @throws {Error} when it does not run */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    const { process, exit } = this.#running();
    process.ref();
    process.kill(signal);
    return await exit;
  }

  /** Ends it as a crash does. @throws {Error} when it does not run */
  kill(): Promise<Exit> {
    return this.stop("SIGKILL");
  }

  /** Ends it as a crash does and starts it anew. */
  async restart(): Promise<void> {
    if (this.isRunning) {
      await this.kill();
    }
    await this.start();
  }

  /** Sends a signal that need not end it, as SIGSTOP and SIGCONT. @throws {Error} when it does not run */
  signal(signal: NodeJS.Signals): void {
    this.#running().process.kill(signal);
  }

  /** Waits for its end without causing it. @throws {Error} when it does not run */
  exited(): Promise<Exit> {
    return this.#running().exit;
  }

  /**
   * Waits for a line of its log that is a JSON object of which the predicate holds.
   *
   * @throws {Error} when the process ends first or the time is up, with the end of the log
   */
  waitForLog(
    predicate: (line: LogLine) => boolean,
    { from = this.#firstLineOfRun, ...patience }: WaitOptions = {},
  ): Promise<LogLine> {
    const find = () =>
      this.#log
        .readJson()
        .slice(from)
        .find((line) => line !== undefined && predicate(line));
    return this.#whileRunning(`a line in the log of ${this.name}`, find, patience);
  }

  /** As `waitForLog`, for programs that do not log JSON. */
  waitForLine(
    pattern: RegExp,
    { from = this.#firstLineOfRun, ...patience }: WaitOptions = {},
  ): Promise<string> {
    const find = () => this.lines.slice(from).find((line) => pattern.test(line));
    return this.#whileRunning(`${pattern} in the log of ${this.name}`, find, patience);
  }

  /** Lets this Node process end while the program runs on. */
  release(): void {
    this.#child?.process.unref();
  }

  async #spawn(): Promise<Child> {
    const { namespace, command, args, env, cwd } = this.#options;
    const commandLine: [string, readonly string[]] =
      namespace === undefined ? [command, args] : inNamespace(namespace, command, args);
    const log = openSync(this.logPath, "a");
    try {
      const child = spawn(...commandLine, {
        cwd,
        env: { ...process.env, ...env },
        stdio: ["ignore", log, log],
        detached: true,
      });
      const exit = new Promise<Exit>((resolve) => {
        child.once("exit", (code, signal) => {
          this.#child = undefined;
          resolve({ code, signal });
        });
      });
      await once(child, "spawn");
      return { process: child, exit };
    } finally {
      closeSync(log);
    }
  }

  #running(): Child {
    if (this.#child === undefined) {
      throw new Error(`${this.name} does not run: ${this.#tail()}`);
    }
    return this.#child;
  }

  /** Repeats an attempt for as long as the process lives, and once more: the line that we wait for may be its last. */
  async #whileRunning<T>(
    what: string,
    attempt: () => T | Promise<T>,
    patience?: Patience,
  ): Promise<Exclude<T, Falsy>> {
    const whyHopeless = () => (this.isRunning ? undefined : `${this.name} has ended`);
    try {
      return await eventually(attempt, { ...patience, whyHopeless });
    } catch (cause) {
      throw new Error(`Waited in vain for ${what}: ${this.#tail()}`, { cause });
    }
  }

  #tail(): string {
    const lines = this.lines.slice(-TAIL_LINES);
    return lines.length === 0 ? "its log is empty" : `its log ends with\n${lines.join("\n")}`;
  }
}
