/** A control plane, the controller of a bundle, and a pool with room for all; nobody announces what is given. */

import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { CoreV1Event, V1Service } from "@kubernetes/client-node";
import { KubeClient, type Query } from "#lib/kube/client.ts";
import { kubeconfigCredentials } from "#lib/kube/kubeconfig.ts";
import { listPages } from "#lib/kube/listing.ts";
import { eventsPath, PATHS, servicePath } from "#lib/kube/paths.ts";
import { createLog } from "#lib/log/log.ts";
import { wallClock } from "#lib/log/wall-clock.ts";
import { type MemoryUse, memoryUseOf } from "#test/bench/memory-use.ts";
import type { BenchOptions } from "#test/bench/options.ts";
import { Core, moveToCore, onCore } from "#test/bench/pinning.ts";
import { processorSecondsOf } from "#test/bench/processor-time.ts";
import { controlPlanePlan } from "#test/lab/address-plan.ts";
import { Lab } from "#test/lab/lab.ts";
import { Process } from "#test/lab/process.ts";
import { type ApiWrites, apiWrites } from "./api-writes.ts";
import { loadBalancer, SERVICES_PATH } from "./load-balancer.ts";

/** When the first Service was asked for, and when the last one was there. Milliseconds since 1970. */
export interface Creation {
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** What a Service shows, and its resourceVersion, by which one can tell that it was written. */
export interface Shown {
  readonly ip: string;
  readonly version: string | undefined;
}

/** Seconds that each has had a processor for. */
export interface ProcessorSeconds {
  readonly apiServer: number;
  readonly etcd: number;
  /** 0 when none runs. */
  readonly controller: number;
}

/** A block that RFC 2544 sets aside for benchmarks. */
const POOL = "198.18.0.0/16";
const IN_POOL = /^198\.18\./;
const CONNECTIONS = 32;
const CREATOR = path.join(import.meta.dirname, "../creator/main.ts");
const LIMIT_MS = 900_000;
const LOOK_EVERY_MS = 50;
const TELL_EVERY_MS = 5000;
/** A controller that renews its Lease, and does nothing else, is at rest. */
const REST_MS = 2000;
const REST_SECONDS = 0.1;

export class Scene implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #client: KubeClient;
  readonly #progress: BenchOptions["progress"];

  private constructor(lab: Lab, client: KubeClient, progress: BenchOptions["progress"]) {
    this.#lab = lab;
    this.#client = client;
    this.#progress = progress;
  }

  /** With the controller at work. */
  static async start({ bundle, progress }: BenchOptions): Promise<Scene> {
    const lab = await Lab.start({ nodes: 0, clients: 0, kubeProxy: false, herald: { bundle } });
    const credentials = await kubeconfigCredentials(lab.kubeconfig);
    const log = createLog("warn");
    const scene = new Scene(
      lab,
      new KubeClient({ credentials, userAgent: "herald-bench", log }),
      progress,
    );
    await lab.apply(
      JSON.stringify({
        apiVersion: "metallb.io/v1beta1",
        kind: "IPAddressPool",
        metadata: { name: "lab", namespace: "metallb-system" },
        spec: { addresses: [POOL] },
      }),
    );
    await moveToCore(Core.measured, lab.controller.pid);
    await lab.controller.waitForLog(
      ({ msg, pools }) => msg === "pools in force" && Array.isArray(pools) && pools.length > 0,
    );
    await scene.rest();
    return scene;
  }

  /** @returns when the process began. Milliseconds since 1970 */
  async startController(): Promise<number> {
    const beganAtMs = clock();
    await this.#lab.controller.start();
    await moveToCore(Core.measured, this.#lab.controller.pid);
    return beganAtMs;
  }

  async stopController(): Promise<void> {
    await this.#lab.controller.stop();
  }

  async killController(): Promise<void> {
    await this.#lab.controller.kill();
  }

  /** Creates Services `web-0` and so on, as fast as the API server takes them. */
  async createServices(count: number): Promise<Creation> {
    const { directory, prefix } = this.#lab;
    const kubeconfig = path.join(directory, "host.kubeconfig");
    const [command, args] = onCore(Core.generator, [
      process.execPath,
      [CREATOR, kubeconfig, "web", String(count), String(CONNECTIONS)],
    ]);
    const creator = new Process({
      name: "creator",
      namespace: `${prefix}-${controlPlanePlan.name}`,
      command,
      args,
      logPath: path.join(directory, "logs", "creator.log"),
    });
    await creator.start();
    const created = () => Number(creator.logs.at(-1)?.["created"] ?? 0);
    using _ = this.#telling(() => `${created()} of ${count} are created`);
    const end = await creator.waitForLog(({ lastAtMs }) => lastAtMs !== undefined, {
      withinMs: LIMIT_MS,
    });
    return { firstAtMs: Number(end["firstAtMs"]), lastAtMs: Number(end["lastAtMs"]) };
  }

  /** Waits until the controller has given an address to so many Services, and says when it told of the last. */
  async lastAllocationAtMs(count: number): Promise<number> {
    const told = () => this.#lab.controller.logs.filter(({ msg }) => msg === "address allocated");
    using _ = this.#telling(() => `${told().length} of ${count} have an address`);
    const deadline = performance.now() + LIMIT_MS;
    while (told().length < count) {
      if (performance.now() > deadline || !this.#lab.controller.isRunning) {
        throw new Error(`Only ${told().length} of ${count} Services were given an address`);
      }
      await delay(LOOK_EVERY_MS);
    }
    return Math.max(...told().map(({ time }) => Date.parse(String(time))));
  }

  /** Makes one Service more. */
  async createService(name: string): Promise<void> {
    await this.#client.post(SERVICES_PATH, loadBalancer(name));
  }

  async addressOf(name: string): Promise<string | undefined> {
    const service = await this.#client.get<V1Service>(servicePath({ namespace: "default", name }));
    return service.status?.loadBalancer?.ingress?.[0]?.ip;
  }

  /** What all Services show, by name. @throws {Error} when one has no address of the pool for itself alone */
  async shown(): Promise<ReadonlyMap<string, Shown>> {
    const shown = new Map<string, Shown>();
    const ips = new Set<string>();
    const selectors = { fieldSelector: "spec.type=LoadBalancer" };
    for await (const { metadata, status } of this.#list<V1Service>(PATHS.services, selectors)) {
      const { name = "", resourceVersion: version } = metadata ?? {};
      const ip = status?.loadBalancer?.ingress?.[0]?.ip;
      if (ip === undefined || ips.has(ip) || !IN_POOL.test(ip)) {
        throw new Error(`${name} has ${ip ?? "no address"}: not one of its own from the pool`);
      }
      ips.add(ip);
      shown.set(name, { ip, version });
    }
    return shown;
  }

  /** The name of the Service of each Event that the controller has written. */
  async servicesOfEvents(): Promise<readonly string[]> {
    const selectors = { fieldSelector: "source=herald-controller,involvedObject.kind=Service" };
    const names: string[] = [];
    for await (const event of this.#list<CoreV1Event>(eventsPath("default"), selectors)) {
      names.push(event.involvedObject.name ?? "");
    }
    return names;
  }

  writes(): Promise<ApiWrites> {
    return apiWrites(this.#client);
  }

  processorSeconds(): ProcessorSeconds {
    const { apiServer, controller, etcd } = this.#lab;
    return {
      apiServer: processorSecondsOf(apiServer.pid),
      etcd: processorSecondsOf(etcd.pid),
      controller: controller.isRunning ? processorSecondsOf(controller.pid) : 0,
    };
  }

  get controllerMemory(): MemoryUse {
    return memoryUseOf(this.#lab.controller.pid);
  }

  /** Waits until the controller has nothing to do. */
  async rest(): Promise<void> {
    using _ = this.#telling(() => "waiting for the controller to have done all");
    const { pid } = this.#lab.controller;
    for (let isBusy = true; isBusy; ) {
      const before = processorSecondsOf(pid);
      await delay(REST_MS);
      isBusy = processorSecondsOf(pid) - before > REST_SECONDS;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
    await this.#lab[Symbol.asyncDispose]();
  }

  async *#list<Item>(collection: string, selectors: Query): AsyncGenerator<Item, void, undefined> {
    const never = new AbortController().signal;
    for await (const { items } of listPages(this.#client, collection, selectors, never)) {
      yield* items as readonly Item[];
    }
  }

  /** Says a sentence every few seconds until it is disposed of. */
  #telling(sentence: () => string): Disposable {
    const timer = setInterval(() => this.#progress(`  ${sentence()}`), TELL_EVERY_MS);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }
}

const clock = wallClock();
