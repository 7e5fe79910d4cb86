/**
 * Herald's own processes, each as its Pod would run it: in its namespace, with the token of its ServiceAccount
 * (so that the roles of manifests/ are what is tested) and with the mounted key of the heartbeats.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { type Instruction, parseDockerfile, parseEnvironment } from "#test/project/dockerfile.ts";
import { API_SERVER_IP, API_SERVER_PORT } from "./address-plan.ts";
import { eventually } from "./eventually.ts";
import type { Host } from "./host.ts";
import { accountToken, createPod, type PodIdentity } from "./pod.ts";
import { Process } from "./process.ts";

export interface HeraldOptions {
  /** Replicas of the controller, of which one leads; 1 by default. */
  readonly controllers?: number;
  /** Added to the environment of every controller and speaker; each flag of theirs is a variable too. */
  readonly env?: Readonly<Record<string, string>>;
  /** A folder that tools/bundle.ts has made: its bundles run instead of the sources. */
  readonly bundle?: string | undefined;
}

export interface HeraldContext {
  readonly client: KubeConfig;
  readonly ca: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly bundle: string | undefined;
}

export const HERALD_NAMESPACE = "metallb-system";
const CHECKOUT = path.resolve(import.meta.dirname, "../..");
const MEMBER_KEY_SECRET = "metallb-memberlist";
const MEMBER_KEY_FILE = "secretkey";

/** One component's process on one host, not started yet. */
export async function heraldProcess(
  component: "controller" | "speaker",
  host: Host,
  context: HeraldContext,
): Promise<Process> {
  const { bundle, client, directory } = context;
  const workload = component === "controller" ? "Deployment" : "DaemonSet";
  const name = component === "controller" ? host.name : `speaker-${host.name}`;
  const namespace = HERALD_NAMESPACE;
  const pod = await createPod(client, { workload, component, namespace, name, host });
  return new Process({
    name,
    namespace: host.namespace,
    command: process.execPath,
    args: [...nodeFlags(component), entryFile(component, bundle)],
    cwd: CHECKOUT,
    env: {
      ...imageEnvironment(component),
      KUBERNETES_SERVICE_HOST: API_SERVER_IP,
      KUBERNETES_SERVICE_PORT: String(API_SERVER_PORT),
      HERALD_NAMESPACE: namespace,
      HERALD_NODE_NAME: host.name,
      HERALD_POD_NAME: pod.name,
      HERALD_POD_UID: pod.uid,
      HERALD_SERVICE_ACCOUNT_DIRECTORY: await mountAccount(pod, context),
      HERALD_MEMBER_KEY_DIRECTORY: memberKeyDirectory(directory, host),
      HERALD_STATE_DIR: stateDirectory(directory, host.name),
      ...context.env,
    },
    logPath: path.join(directory, "logs", `${name}.log`),
  });
}

/** Those that the image gives to Node, which are written down in the Dockerfile alone. */
export function nodeFlags(component: string): readonly string[] {
  const [entrypoint] = instructionsOf(component, "ENTRYPOINT");
  return (JSON.parse(entrypoint?.rest ?? "[]") as string[]).slice(1, -1);
}

/** What the image itself sets, the same way. */
export function imageEnvironment(component: string): Readonly<Record<string, string>> {
  const environments = instructionsOf(component, "ENV").map(({ rest }) => parseEnvironment(rest));
  return Object.assign({}, ...environments);
}

function instructionsOf(component: string, keyword: string): readonly Instruction[] {
  const stages = parseDockerfile(readFileSync(path.join(CHECKOUT, "Dockerfile"), "utf8"));
  const image = stages.find(({ name }) => name === component);
  return image?.instructions.filter((instruction) => instruction.keyword === keyword) ?? [];
}

function entryFile(component: string, bundle: string | undefined): string {
  return bundle === undefined
    ? path.join(CHECKOUT, component, "main.ts")
    : path.join(bundle, component, "main.mjs");
}

/** Waits for the Secret of the heartbeats, and brings its key to the mounts of the hosts, as their kubelets do. */
export async function mountMemberKey(
  { client, directory }: HeraldContext,
  hosts: readonly Host[],
): Promise<void> {
  const api = client.makeApiClient(CoreV1Api);
  const key = await eventually(async () => {
    const secret = { name: MEMBER_KEY_SECRET, namespace: HERALD_NAMESPACE };
    const { data } = await api.readNamespacedSecret(secret);
    return data?.[MEMBER_KEY_FILE];
  });
  for (const host of hosts) {
    const file = path.join(memberKeyDirectory(directory, host), MEMBER_KEY_FILE);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, Buffer.from(key, "base64"), { mode: 0o400 });
    renameSync(`${file}.new`, file);
  }
}

/** Where a speaker keeps its snapshot. @param directory of the lab */
export function stateDirectory(directory: string, node: string): string {
  return path.join(directory, "state", node);
}

function memberKeyDirectory(directory: string, host: Host): string {
  return path.join(directory, "member-key", host.name);
}

/** The three files that kubelet mounts at /var/run/secrets/kubernetes.io/serviceaccount. */
async function mountAccount(
  pod: PodIdentity,
  { client, ca, directory }: HeraldContext,
): Promise<string> {
  const mount = path.join(directory, "service-account", pod.name);
  mkdirSync(mount, { recursive: true });
  writeFileSync(path.join(mount, "token"), await accountToken(client, pod), { mode: 0o400 });
  writeFileSync(path.join(mount, "ca.crt"), ca);
  writeFileSync(path.join(mount, "namespace"), pod.namespace);
  return mount;
}
