/** What runs in a lab, started in the order in which one part needs another. */

import path from "node:path";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { backendProcess } from "./backend.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { eventually } from "./eventually.ts";
import {
  HERALD_NAMESPACE,
  type HeraldContext,
  type HeraldOptions,
  heraldProcess,
  mountMemberKey,
} from "./herald.ts";
import { kubeProxy } from "./kube-proxy.ts";
import type { Network } from "./network.ts";
import { createNode } from "./objects.ts";
import type { Process } from "./process.ts";
import type { KubernetesPrograms } from "./programs.ts";
import { run } from "./run.ts";

export interface ClusterOptions {
  readonly directory: string;
  readonly programs: KubernetesPrograms;
  readonly network: Network;
  readonly dualStack: boolean;
  readonly kubeProxy: boolean;
  readonly herald: HeraldOptions | undefined;
  readonly progress: (sentence: string) => void;
}

export interface Cluster {
  readonly controlPlane: ControlPlane;
  readonly client: KubeConfig;
  /** By name of the machine. */
  readonly backends: ReadonlyMap<string, Process>;
  /** By name of the node; empty when the lab has none. */
  readonly kubeProxies: ReadonlyMap<string, Process>;
  readonly herald: Herald | undefined;
}

export interface Herald {
  readonly context: HeraldContext;
  readonly controllers: readonly Process[];
  /** By name of the node. */
  readonly speakers: ReadonlyMap<string, Process>;
}

const MANIFESTS = path.resolve(import.meta.dirname, "../../manifests/base");

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { network, directory, programs, dualStack, progress } = options;
  progress("starting etcd and kube-apiserver");
  const host = network.controlPlane;
  const [controlPlane, backends] = await Promise.all([
    startControlPlane({ host, programs, directory, dualStack }),
    startBackends(network, directory),
  ]);
  const client = new KubeConfig();
  client.loadFromFile(controlPlane.kubeconfig);
  await Promise.all([
    defaultNamespace(client),
    ...network.nodes.map((node) => createNode(client, node, dualStack)),
  ]);
  const [kubeProxies, herald] = await Promise.all([
    startKubeProxies(options, controlPlane),
    options.herald && startHerald(options, options.herald, controlPlane, client),
  ]);
  return { controlPlane, client, backends, kubeProxies, herald };
}

async function startBackends(
  network: Network,
  directory: string,
): Promise<ReadonlyMap<string, Process>> {
  const machines = [
    ...network.nodes.map(({ name, pod }) => ({ machine: pod, description: `pod on ${name}` })),
    { machine: network.backend, description: "the backend outside the cluster" },
  ];
  const backends = new Map(
    machines.map(({ machine, description }) => [
      machine.name,
      backendProcess(machine.namespace, description, directory),
    ]),
  );
  await startAll(backends.values());
  return backends;
}

async function startKubeProxies(
  { network, programs, directory, dualStack, kubeProxy: isWanted, progress }: ClusterOptions,
  { hostKubeconfig: kubeconfig }: ControlPlane,
): Promise<ReadonlyMap<string, Process>> {
  if (!isWanted) {
    return new Map();
  }
  progress("starting kube-proxy on every node");
  const program = programs["kube-proxy"];
  const proxies = new Map(
    network.nodes.map((node) => [
      node.name,
      kubeProxy(node, { program, kubeconfig, directory, dualStack }),
    ]),
  );
  await startAll(proxies.values());
  return proxies;
}

/** The speakers start when their key is mounted, as they would in a cluster that has run before. */
async function startHerald(
  { network, programs, directory, progress }: ClusterOptions,
  options: HeraldOptions,
  { kubeconfig, ca }: ControlPlane,
  client: KubeConfig,
): Promise<Herald> {
  progress("applying manifests/base");
  const kubectl = (...args: string[]) =>
    run(programs.kubectl, args, { env: { KUBECONFIG: kubeconfig } });
  await kubectl("apply", "--kustomize", MANIFESTS);
  await kubectl("wait", "--for=condition=Established", "customresourcedefinitions", "--all");
  progress(`starting Herald in namespace ${HERALD_NAMESPACE}`);
  const context = { client, ca, directory, env: options.env ?? {}, bundle: options.bundle };
  const [controllers, speakers] = await Promise.all([
    Promise.all(network.controllers.map((host) => heraldProcess("controller", host, context))),
    Promise.all(network.nodes.map((host) => heraldProcess("speaker", host, context))),
  ]);
  await startAll(controllers);
  await mountMemberKey(context, network.nodes);
  await startAll(speakers);
  const byNode = speakers.map((speaker, index) => [network.nodes[index]?.name ?? "", speaker]);
  return { context, controllers, speakers: new Map(byNode as [string, Process][]) };
}

/** The API server makes the namespace shortly after it is ready. */
async function defaultNamespace(client: KubeConfig): Promise<void> {
  const api = client.makeApiClient(CoreV1Api);
  await eventually(() => api.readNamespace({ name: "default" }));
}

async function startAll(processes: Iterable<Process>): Promise<void> {
  await Promise.all(Array.from(processes, (process) => process.start()));
}
