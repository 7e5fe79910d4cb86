/** What the operator tells a running process: to stop, and how much to say. */

import type { AdjustableLog, LogLevel } from "#lib/log/log.ts";

/** Aborts at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      process.exit(1);
    }
    controller.abort(signal);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return controller.signal;
}

/** Each SIGUSR2 switches between the given level and debug; `onChange` is told the new one. */
export function switchLevelOnSignal(
  log: AdjustableLog,
  configured: LogLevel,
  onChange?: (level: LogLevel) => void,
): void {
  let level = configured;
  process.on("SIGUSR2", () => {
    const other: LogLevel = configured === "debug" ? "info" : "debug";
    level = level === configured ? other : configured;
    log.setLevel("info");
    log.info("log level changed", { to: level });
    log.setLevel(level);
    onChange?.(level);
  });
}
