import type { Command } from "commander";
import { createLog } from "#lib/log/log.ts";

/** Runs the command; an error that nobody handled is logged with its causes and ends the process with 1. */
export async function run(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    createLog("error").error("process failed", { error: sentences(error) });
    process.exit(1);
  }
}

/** The message of an error and of its causes. Our own mistakes also show where they happened. */
function sentences(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const own = error.name === "Error" || error.name === "KubeError" ? error.message : error.stack;
  return error.cause === undefined ? `${own}` : `${own}: ${sentences(error.cause)}`;
}
