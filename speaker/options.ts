import { Command, Option } from "commander";
import { type CommonOptions, parsePort, withCommonOptions } from "#lib/process/options.ts";

/** Where MetalLB's speakers talk to each other, so that firewalls pass it already. */
const DEFAULT_MEMBER_PORT = 7946;

export interface SpeakerOptions extends CommonOptions {
  readonly nodeName: string;
  readonly ignoreExcludeLb: boolean;
  readonly memberKeyDirectory: string;
  readonly mlBindport: number;
}

export function speakerCommand(run: (options: SpeakerOptions) => Promise<void>): Command {
  return withCommonOptions(new Command("herald-speaker"))
    .description("Answers ARP for the addresses of Services that this node owns.")
    .addOption(
      new Option("--node-name <name>", "name of the Node it runs on")
        .env("HERALD_NODE_NAME")
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        "--ignore-exclude-lb",
        "let nodes labelled node.kubernetes.io/exclude-from-external-load-balancers announce",
      )
        .env("HERALD_IGNORE_EXCLUDE_LB")
        .default(false),
    )
    .addOption(
      new Option(
        "--member-key-directory <path>",
        "where the Secret with the key of the heartbeats is mounted (file secretkey)",
      )
        .env("HERALD_MEMBER_KEY_DIRECTORY")
        .default("/etc/herald/member-key"),
    )
    .addOption(
      new Option("--ml-bindport <port>", "UDP port of the heartbeats between speakers")
        .env("HERALD_ML_BINDPORT")
        .argParser(parsePort)
        .default(DEFAULT_MEMBER_PORT),
    )
    .action(run);
}
