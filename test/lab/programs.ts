/** The programs that a lab runs: those of Kubernetes, found or built, and those that the distribution brings. */

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";

/** Paths. */
export interface KubernetesPrograms {
  readonly etcd: string;
  readonly "kube-apiserver": string;
  readonly "kube-proxy": string;
  readonly kubectl: string;
}

const BUILD_SCRIPT = path.resolve(import.meta.dirname, "../../tools/build-kubernetes.sh");

/** Programs that no lab can do without, and the Debian packages that have them; `ndisc` needs ndisc6 too. */
const DISTRIBUTION_PROGRAMS = {
  ip: "iproute2",
  nft: "nftables",
  curl: "curl",
  arping: "iputils-arping",
} as const;

/** Says what keeps this machine from running a lab, and the mend; undefined when nothing does. */
export function whyNoLab(): string | undefined {
  if (process.getuid?.() !== 0) {
    return "Cannot start a lab: only root may make network namespaces: run as root";
  }
  const missing = Object.entries(DISTRIBUTION_PROGRAMS).filter(([program]) => !isOnPath(program));
  if (missing.length === 0) {
    return undefined;
  }
  const programs = missing.map(([program]) => program).join(", ");
  const packages = missing.map(([, name]) => name).join(" ");
  return `Cannot start a lab: not found: ${programs}: run apt-get install ${packages}`;
}

/** Finds the programs of Kubernetes; builds them once on this machine when they are nowhere, with progress on standard error. */
export async function kubernetesPrograms(): Promise<KubernetesPrograms> {
  const child = spawn(BUILD_SCRIPT, [], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) {
    throw new Error(`Cannot find the programs of Kubernetes: ${BUILD_SCRIPT} ended with ${code}`);
  }
  const found = new Map(output.split("\n").map((line) => splitAtSpace(line)));
  const pathOf = (name: keyof KubernetesPrograms): string => {
    const program = found.get(name);
    if (program === undefined) {
      throw new Error(`Cannot find ${name}: ${BUILD_SCRIPT} does not name it`);
    }
    return program;
  };
  return {
    etcd: pathOf("etcd"),
    "kube-apiserver": pathOf("kube-apiserver"),
    "kube-proxy": pathOf("kube-proxy"),
    kubectl: pathOf("kubectl"),
  };
}

function splitAtSpace(line: string): [string, string] {
  const space = line.indexOf(" ");
  return [line.slice(0, space), line.slice(space + 1)];
}

export function isOnPath(program: string): boolean {
  const { PATH = "" } = process.env;
  return PATH.split(":").some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
