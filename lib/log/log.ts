/**
 * The log: one JSON object a line on standard output, `time`, `level`, `msg`, then the fields of the line.
 * The message is a constant sentence; whatever varies is a field, and a unit ends the field's name.
 */

import { type DestinationStream, destination, pino, stdTimeFunctions } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

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
  level: LogLevel;
}

/** Writes each line before the call returns, so that no line is lost when the process ends. */
export function createLog(level: LogLevel, output?: DestinationStream): AdjustableLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output ?? destination({ dest: 1, sync: true }),
  );
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
    get level() {
      return logger.level as LogLevel;
    },
    set level(next) {
      logger.level = next;
    },
  };
}
