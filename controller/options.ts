import { Command, Option } from "commander";
import { type MetricsOptions, withMetricsOptions } from "#lib/metrics/options.ts";
import { type CommonOptions, withCommonOptions } from "#lib/process/options.ts";

export interface ControllerOptions extends CommonOptions, MetricsOptions {
  readonly mlSecretName: string;
}

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
    .action(run);
}
