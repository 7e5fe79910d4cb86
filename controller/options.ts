import { Command, InvalidArgumentError, Option } from "commander";
import { FIRST_HOLD_MS, MOST_HOLD_MS } from "#lib/allocation/set-aside.ts";
import { formatDuration } from "#lib/api/format-duration.ts";
import { tryParseDuration } from "#lib/api/parse-duration.ts";
import { type MetricsOptions, withMetricsOptions } from "#lib/metrics/options.ts";
import { type CommonOptions, withCommonOptions } from "#lib/process/options.ts";

export interface ControllerOptions extends CommonOptions, MetricsOptions {
  readonly mlSecretName: string;
  /** Milliseconds. */
  readonly conflictHold: number;
}

/** Less would give an address again before the Service that left it has another. */
const LEAST_HOLD_MS = 1000;

export function controllerCommand(run: (options: ControllerOptions) => Promise<void>): Command {
  return withMetricsOptions(withCommonOptions(new Command("herald-controller")))
    .description("Gives Services of type LoadBalancer an address from the IPAddressPools.")
    .addOption(
      new Option(
        "--ml-secret-name <name>",
        "Secret with the key of the speakers' heartbeats, made when it is missing",
      )
        .env("HERALD_ML_SECRET_NAME")
        .default("metallb-memberlist"),
    )
    .addOption(
      new Option(
        "--conflict-hold <duration>",
        "how long an address that another host uses is given to nobody by choice; twice as long each time it is found so again",
      )
        .env("HERALD_CONFLICT_HOLD")
        .argParser(parseHold)
        .default(FIRST_HOLD_MS, formatDuration(FIRST_HOLD_MS)),
    )
    .action(run);
}

/** @throws {InvalidArgumentError} when the text is no duration, or one too short or too long */
function parseHold(text: string): number {
  const holdMs = tryParseDuration(text);
  if (holdMs === undefined || holdMs < LEAST_HOLD_MS || holdMs > MOST_HOLD_MS) {
    throw new InvalidArgumentError("give a duration from 1s to 24h, such as 10m");
  }
  return holdMs;
}
