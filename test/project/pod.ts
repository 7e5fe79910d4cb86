/**
 * Starts an image's process as the kubelet would start it from manifests/base: user, capabilities, environment and
 * read-only root come from there. The C library comes from this machine, which stands in for the base image.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { parse } from "yaml";
import type { Image } from "./dockerfile.ts";

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}

interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
}

/** The part of a Deployment or DaemonSet that says how the process runs. */
export interface Workload {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: SecurityContext;
        readonly containers: readonly [
          { readonly env: readonly EnvVar[]; readonly securityContext: SecurityContext },
        ];
      };
    };
  };
}

/** What the downward API says of the pod. */
const FIELDS: Readonly<Record<string, string>> = {
  "metadata.namespace": "metallb-system",
  "metadata.name": "herald-0",
  "metadata.uid": "11111111-2222-3333-4444-555555555555",
  "spec.nodeName": "n1",
};

const ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount";

/** Folders of this machine that hold its programs and libraries. */
const LIBRARIES = ["usr", "lib", "lib64", "bin"];

/** What is missing here, or undefined when pods can be started. */
export function podsCannotStart(): string | undefined {
  const probe = "ip link set lo up && setpriv --bounding-set=-all true";
  try {
    execFileSync("/usr/bin/unshare", ["--mount", "--net", "sh", "-c", probe]);
    return undefined;
  } catch {
    return "needs root, and the programs unshare, setpriv and ip";
  }
}

export function readWorkload(file: string): Workload {
  return parse(readFileSync(file, "utf8")) as Workload;
}

/** Adds to the image what the kubelet mounts, and mount points for this machine's libraries. Call it once an image. */
export function preparePod({ root }: Image): void {
  mkdirSync(join(root, ACCOUNT), { recursive: true });
  writeFileSync(join(root, ACCOUNT, "token"), "token");
  writeFileSync(join(root, ACCOUNT, "ca.crt"), rootCertificates[0] ?? "");
  mkdirSync(join(root, "etc/metallb"), { recursive: true });
  writeFileSync(join(root, "etc/metallb/excludel2.yaml"), "announcedInterfacesToExclude: [peer]\n");
  for (const folder of LIBRARIES) {
    if (lstatSync(`/${folder}`).isSymbolicLink()) {
      symlinkSync(readlinkSync(`/${folder}`), join(root, folder));
    } else {
      mkdirSync(join(root, folder), { recursive: true });
    }
  }
  mkdirSync(join(root, "proc"));
  mkdirSync(join(root, "dev"));
}

/**
 * Starts the entrypoint in a mount and a network namespace of its own: loopback, and a link eth0 that leads nowhere.
 *
 * @param args follow the entrypoint
 */
export function startPod(image: Image, workload: Workload, args: readonly string[]): ChildProcess {
  const { containers, securityContext: pod } = workload.spec.template.spec;
  const [container] = containers;
  const security = { ...pod, ...container.securityContext };
  const binds = LIBRARIES.filter((folder) => !lstatSync(`/${folder}`).isSymbolicLink());
  const script = [
    "set -e",
    "ip link set lo up",
    "ip link add eth0 up type veth peer name peer0",
    "ip link set peer0 up",
    'mount --bind "$ROOT" "$ROOT"',
    ...[...binds, "proc", "dev"].map((folder) => `mount --rbind /${folder} "$ROOT/${folder}"`),
    ...(security.readOnlyRootFilesystem === true ? ['mount -o remount,bind,ro "$ROOT"'] : []),
    'exec chroot "$ROOT" "$@"',
  ].join("\n");
  const { PATH } = process.env;
  const command = ["/usr/bin/setpriv", ...privileges(security), ...image.entrypoint, ...args];
  return spawn("/usr/bin/unshare", ["--mount", "--net", "sh", "-c", script, "sh", ...command], {
    env: { PATH, ROOT: image.root, ...image.environment, ...environment(container.env) },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function privileges(security: SecurityContext): string[] {
  const added = security.capabilities?.add ?? [];
  const dropped = security.capabilities?.drop ?? [];
  const set = [
    ...dropped.map((name) => `-${name.toLowerCase()}`),
    ...added.map((name) => `+${name.toLowerCase()}`),
  ].join();
  return [
    `--reuid=${security.runAsUser}`,
    `--regid=${security.runAsGroup}`,
    "--clear-groups",
    `--bounding-set=${set}`,
    `--inh-caps=${set}`,
    ...(security.allowPrivilegeEscalation === false ? ["--no-new-privs"] : []),
  ];
}

function environment(variables: readonly EnvVar[]): Record<string, string> {
  const entries = variables.map(({ name, value, valueFrom }): [string, string] => [
    name,
    value ?? FIELDS[valueFrom?.fieldRef.fieldPath ?? ""] ?? "",
  ]);
  return {
    ...Object.fromEntries(entries),
    // The kubelet's, in every pod. Nothing listens there.
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT: "6443",
  };
}
