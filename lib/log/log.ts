/**
 * The log: one JSON object a line on standard output, `level`, `time`, `msg`, then the fields of the line.
 * The message is a constant sentence; whatever varies is a field, and a unit ends the field's name. At level debug a
 * line also has `atMs`, milliseconds since 1970 with microseconds as fractions: when it was said, where `time` is when it
 * was written.
 */

import { type DestinationStream, destination, pino, stdTimeFunctions } from "pino";
import { wallClock } from "./wall-clock.ts";

export const LOG_LEVELS = ["all", "debug", "info", "warn", "error", "none"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** MetalLB's names for two of them are not pino's. */
const PINO_LEVEL: Readonly<Record<LogLevel, string>> = {
  all: "trace",
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  none: "silent",
};

export type LogFields = Readonly<Record<string, unknown>>;

/** What every part that logs is given. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log whose level an operator may change while the process runs. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
}

/**
 * Writes each line before the call returns, so that no line is lost when the process ends.
 *
 * @param clock of `atMs`
 */
export function createLog(
  level: LogLevel,
  output?: DestinationStream,
  clock = wallClock(),
): AdjustableLog {
  const logger = pino(
    {
      level: PINO_LEVEL[level],
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output ?? destination({ dest: 1, sync: true }),
  );
  return {
    debug: (msg, fields) => {
      if (logger.isLevelEnabled("debug")) {
        logger.debug({ msg, atMs: clock(), ...fields });
      }
    },
    info: (msg, fields) => logger.info({ msg, ...fields }),
    warn: (msg, fields) => logger.warn({ msg, ...fields }),
    error: (msg, fields) => logger.error({ msg, ...fields }),
    setLevel: (next) => {
      logger.level = PINO_LEVEL[next];
    },
  };
}
