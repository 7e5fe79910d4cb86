/**
 * A real cluster on one machine: etcd, kube-apiserver with RBAC, kube-proxy, nodes and clients in network namespaces, Herald.
 * It has no kubelet, no containers and no kube-controller-manager: Nodes, Pods and EndpointSlices are written by the lab.
 *
 * Several labs may be up at once. A lab touches nothing outside its own namespaces but its directory below the system's
 * temporary one and a port of 127.0.0.1.
 */

import { mkdirSync } from "node:fs";
import path from "node:path";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { MAX_CLIENTS, MAX_NODES } from "./address-plan.ts";
import type { Bridge } from "./bridge.ts";
import { type Cluster, type Herald, startCluster } from "./cluster.ts";
import { type HeraldOptions, mountMemberKey } from "./herald.ts";
import type { Host, Node } from "./host.ts";
import { lockHost } from "./host-lock.ts";
import { claim, directoryOf, keep, prefixOf } from "./lab-record.ts";
import { buildNetwork, type Network } from "./network.ts";
import { type Endpoint, setEndpoints } from "./objects.ts";
import type { Process } from "./process.ts";
import { type KubernetesPrograms, kubernetesPrograms, whyNoLab } from "./programs.ts";
import { removeDeadLabs, removeLab } from "./removal.ts";
import { run } from "./run.ts";

export interface LabOptions {
  /** Tells labs of one checkout apart; one of its own for each lab when left out. */
  readonly name?: string;
  /** 3 by default. */
  readonly nodes?: number;
  /** 1 by default. */
  readonly clients?: number;
  /** Whether Services may have IPv6 addresses; true by default. The LAN and the Pods have them always. */
  readonly dualStack?: boolean;
  /** True by default. */
  readonly kubeProxy?: boolean;
  /** True by default; false leaves its manifests out too. */
  readonly herald?: boolean | HeraldOptions;
  /** Told what goes on, a sentence at a time. */
  readonly progress?: (sentence: string) => void;
}

/** Where a Service's traffic may go: the Pod stand-in of a node, or any address. */
export type Backend =
  | ({ readonly node: string } & Omit<Endpoint, "ip" | "node">)
  | (Endpoint & { readonly ip: string });

let labsOfThisProcess = 0;

export class Lab implements AsyncDisposable {
  /** The name before every namespace of this lab: `<prefix>-n1`. */
  readonly prefix: string;
  /** Holds what the lab writes; the logs are in `logs/`, one file a process. */
  readonly directory: string;
  readonly #programs: KubernetesPrograms;
  readonly #network: Network;
  readonly #cluster: Cluster;

  private constructor(
    prefix: string,
    programs: KubernetesPrograms,
    network: Network,
    cluster: Cluster,
  ) {
    this.prefix = prefix;
    this.directory = directoryOf(prefix);
    this.#programs = programs;
    this.#network = network;
    this.#cluster = cluster;
  }

  /**
   * Starts a lab, after removing what labs have left whose owner is dead. Disposing of it removes all of it.
   *
   * @throws {Error} when the machine cannot run one, or one of the same name is up
   */
  static async start(options: LabOptions = {}): Promise<Lab> {
    const { nodes = 3, clients = 1, dualStack = true, progress = () => undefined } = options;
    const problem = whyNoLab() ?? whyTooBig(nodes, clients);
    if (problem !== undefined) {
      throw new Error(problem);
    }
    const herald = heraldOptions(options.herald);
    const programs = await kubernetesPrograms();
    const prefix = prefixOf(options.name ?? `${process.pid}-${labsOfThisProcess++}`);
    await takeOver(prefix);
    try {
      progress(`laying out the network of ${nodes} nodes in namespaces ${prefix}-…`);
      const controllers = herald === undefined ? 0 : (herald.controllers ?? 1);
      const network = await buildNetwork({ prefix, nodes, clients, controllers });
      const cluster = await startCluster({
        directory: directoryOf(prefix),
        programs,
        network,
        dualStack,
        kubeProxy: options.kubeProxy ?? true,
        herald,
        progress,
      });
      return new Lab(prefix, programs, network, cluster);
    } catch (error) {
      await removeLab(prefix);
      throw error;
    }
  }

  /** A file for plain kubectl, as administrator, from where the lab was started. */
  get kubeconfig(): string {
    return this.#cluster.controlPlane.kubeconfig;
  }

  /** The same access for @kubernetes/client-node. */
  get client(): KubeConfig {
    return this.#cluster.client;
  }

  get nodes(): readonly Node[] {
    return this.#network.nodes;
  }

  get clients(): readonly Host[] {
    return this.#network.clients;
  }

  /** A machine on the LAN that serves as the Pods do and is no node: it stays when nodes go. */
  get backend(): Host {
    return this.#network.backend;
  }

  get lan(): Bridge {
    return this.#network.lan;
  }

  /** Joins nodes, controllers and API server. */
  get management(): Bridge {
    return this.#network.management;
  }

  get etcd(): Process {
    return this.#cluster.controlPlane.etcd;
  }

  get apiServer(): Process {
    return this.#cluster.controlPlane.apiServer;
  }

  /** The only controller, or the first. @throws {Error} when the lab has no Herald */
  get controller(): Process {
    return known(this.controllers[0], "controller");
  }

  get controllers(): readonly Process[] {
    return this.#herald.controllers;
  }

  node(name: string): Node {
    return known(
      this.nodes.find((node) => node.name === name),
      `node ${name}`,
    );
  }

  speaker(node: string): Process {
    return known(this.#herald.speakers.get(node), `speaker on ${node}`);
  }

  kubeProxy(node: string): Process {
    return known(this.#cluster.kubeProxies.get(node), `kube-proxy on ${node}`);
  }

  /** The process that serves HTTP and echoes UDP in the Pod stand-in of a node. */
  podProcess(node: string): Process {
    return known(this.#cluster.backends.get(this.node(node).pod.name), `Pod on ${node}`);
  }

  /** @throws {CommandError} with what kubectl wrote to standard error */
  kubectl(...args: readonly string[]): Promise<string> {
    return this.#kubectl(args);
  }

  async apply(yaml: string): Promise<void> {
    await this.#kubectl(["apply", "--filename=-"], yaml);
  }

  /** Makes these, and no others, the endpoints of a Service; the Pods of all nodes when none are given. */
  async setEndpoints(
    service: string,
    namespace = "default",
    backends: readonly Backend[] = this.nodes.map(({ name: node }) => ({ node })),
  ): Promise<void> {
    const api = this.client.makeApiClient(CoreV1Api);
    const object = await api.readNamespacedService({ name: service, namespace });
    const endpoints = backends.flatMap((backend) => this.#endpointsOf(backend));
    await setEndpoints(this.client, object, endpoints);
  }

  /** Brings the Secret of the heartbeats to the mounts of all speakers, or of the named nodes', as kubelet does by and by. */
  async mountMemberKey(...nodes: readonly string[]): Promise<void> {
    const hosts = nodes.length === 0 ? this.nodes : nodes.map((name) => this.node(name));
    await mountMemberKey(this.#herald.context, hosts);
  }

  /** Leaves the lab up when this process ends, until it is removed by its name. */
  keep(): void {
    const { controlPlane, backends, kubeProxies, herald } = this.#cluster;
    const processes = [
      controlPlane.relay,
      controlPlane.etcd,
      controlPlane.apiServer,
      ...backends.values(),
      ...kubeProxies.values(),
      ...(herald === undefined ? [] : [...herald.controllers, ...herald.speakers.values()]),
    ];
    for (const process of processes) {
      process.release();
    }
    keep(this.prefix);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeLab(this.prefix);
  }

  get #herald(): Herald {
    return known(this.#cluster.herald, "Herald");
  }

  #kubectl(args: readonly string[], input = ""): Promise<string> {
    const env = { KUBECONFIG: this.kubeconfig };
    return run(this.#programs.kubectl, args, { env, input });
  }

  #endpointsOf(backend: Backend): Endpoint[] {
    if ("ip" in backend) {
      return [backend];
    }
    const { ip, ip6 } = this.node(backend.node).pod;
    return [
      { ...backend, ip },
      { ...backend, ip: ip6 },
    ];
  }
}

/** Under the lock: a lab is not taken for dead between its directory and its owner's name. */
async function takeOver(prefix: string): Promise<void> {
  await using _ = await lockHost();
  await removeDeadLabs();
  claim(prefix);
  mkdirSync(path.join(directoryOf(prefix), "logs"));
}

function heraldOptions(herald: LabOptions["herald"] = true): HeraldOptions | undefined {
  if (herald === false) {
    return undefined;
  }
  return herald === true ? {} : herald;
}

function whyTooBig(nodes: number, clients: number): string | undefined {
  return nodes > MAX_NODES || clients > MAX_CLIENTS
    ? `Cannot start a lab of ${nodes} nodes and ${clients} clients: it has addresses for ${MAX_NODES} and ${MAX_CLIENTS}`
    : undefined;
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new Error(`This lab has no ${what}`);
  }
  return value;
}
