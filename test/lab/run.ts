/** One command, run to its end. */

import { execFile } from "node:child_process";

export interface RunOptions {
  /** What the command reads from its standard input; nothing when left out. */
  readonly input?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the command is killed. */
  readonly withinMs?: number;
}

export interface Output {
  /** The exit code, or the name of the signal that ended the command. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ended otherwise than well; the message holds what it wrote to standard error. */
export class CommandError extends Error {
  readonly output: Output;

  constructor(command: string, args: readonly string[], output: Output) {
    const said = output.stderr.trim() || output.stdout.trim() || "it said nothing";
    super(`${[command, ...args].join(" ")} ended with ${output.exit}: ${said}`);
    this.name = "CommandError";
    this.output = output;
  }
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const DEFAULT_LIMIT_MS = 60_000;

/**
 * Runs a command and gives back its standard output.
 *
 * @throws {CommandError} when it does not exit with 0
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const output = await runToExit(command, args, options);
  if (output.exit !== 0) {
    throw new CommandError(command, args, output);
  }
  return output.stdout;
}

/** Runs a command whose failure is an answer too. */
export function runToExit(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        env: { ...process.env, ...options.env },
        maxBuffer: MAX_OUTPUT_BYTES,
        timeout: options.withinMs ?? DEFAULT_LIMIT_MS,
        killSignal: "SIGKILL",
      },
      (error, stdout, stderr) => {
        const exit = error === null ? 0 : (error.code ?? error.signal ?? "an unknown cause");
        if (error !== null && child.pid === undefined) {
          reject(new Error(`Cannot run ${command}: ${error.message}`, { cause: error }));
        } else {
          resolve({ exit, stdout, stderr });
        }
      },
    );
    // A command that ends before it has read its input closes the pipe; its exit code says what went wrong.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}
