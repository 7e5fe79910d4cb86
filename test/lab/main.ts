/** The lab on the command line: `make lab` and `make lab-down`. */

import path from "node:path";
import { Command } from "commander";
import { down, type KeptLabOptions, up } from "./kept-lab.ts";

const DEFAULT_DIRECTORY = path.resolve(import.meta.dirname, "../../.lab");

const program = new Command("lab").description(
  "A Kubernetes cluster with Herald in network namespaces of this machine.",
);

command("up", "start the lab in the background; HERALD=off leaves Herald out", up);
command("down", "remove every process, namespace and file of the lab", down);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function command(
  name: string,
  description: string,
  action: (options: KeptLabOptions) => Promise<void>,
): void {
  program
    .command(name)
    .description(description)
    .option("--name <name>", "tells labs of one checkout apart", "kept")
    .option("--directory <path>", "where the kubeconfig goes", DEFAULT_DIRECTORY)
    .action((options: { name: string; directory: string }) => {
      const { HERALD = "on" } = process.env;
      const directory = path.resolve(options.directory);
      return action({ ...options, directory, herald: HERALD !== "off", say });
    });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
