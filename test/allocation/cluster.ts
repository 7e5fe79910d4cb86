/**
 * The cluster that all suites of this folder share: an API server without nodes, the manifests, and a controller that
 * leads in this process with the rights of its ServiceAccount. The API server starts once; each test has a controller
 * that knows nothing of the tests before.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import path from "node:path";
import type { V1Condition, V1ConfigMap } from "@kubernetes/client-node";
import { KubeClient } from "#lib/kube/client.ts";
import type { Credentials } from "#lib/kube/credentials.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { servicePath } from "#lib/kube/paths.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import {
  adminClient,
  mountedCredentials,
  startControlPlane,
} from "#test/api-server/control-plane.ts";
import { apiWrites } from "#test/bench/services/api-writes.ts";
import { eventually } from "#test/lab/eventually.ts";
import { HERALD_NAMESPACE } from "#test/lab/herald.ts";
import type { Lab } from "#test/lab/lab.ts";
import { inNamespace } from "#test/lab/network-namespace.ts";
import { run } from "#test/lab/run.ts";
import { LeadingController } from "./leading-controller.ts";
import { POOLS, PoolHandle, type PoolOptions } from "./pool-handle.ts";
import { ServiceHandle, type ServiceOptions, serviceBody } from "./service-handle.ts";
import { ShownAddresses } from "./shown-addresses.ts";

const MANIFESTS = path.resolve(import.meta.dirname, "../../manifests/base");
const MEMORY = `/api/v1/namespaces/${HERALD_NAMESPACE}/configmaps/herald-released-addresses`;
/** Nothing ends a Namespace here, so these two are made once and stay. */
const NAMESPACES = ["shop", "bank"] as const;
const ETCD_PUT = "http://127.0.0.1:2379/v3/kv/put";

interface Parts {
  readonly lab: Lab;
  readonly admin: KubeClient;
  readonly account: Credentials;
  /** With the rights of a speaker, of which none runs. */
  readonly speaker: KubeClient;
  readonly shown: ShownAddresses;
  readonly watching: Promise<void>;
}

class Cluster {
  readonly #end = new AbortController();
  #parts: Parts | undefined;
  #controller: LeadingController | undefined;
  #settled = 0;
  /** How to remove what this test leaves, by what it is. */
  readonly #traces = new Map<string, () => Promise<unknown>>();

  async start(): Promise<void> {
    const lab = await startControlPlane();
    const admin = await adminClient(lab, new RecordingLog());
    await lab.kubectl("apply", "--kustomize", MANIFESTS);
    await lab.kubectl("wait", "--for=condition=Established", "crds", "--all");
    // A kind that is established is not served at once.
    await eventually(() => admin.get<object>(POOLS));
    for (const name of NAMESPACES) {
      await admin.post("/api/v1/namespaces", { metadata: { name } });
    }
    const account = await mountAccount(lab, "controller");
    const speaker = new KubeClient({
      credentials: await mountAccount(lab, "speaker"),
      userAgent: "herald-speaker",
      log: new RecordingLog(),
    });
    const shown = new ShownAddresses(admin);
    const watching = shown.run(this.#end.signal);
    this.#parts = { lab, admin, account, speaker, shown, watching };
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#parts?.watching;
    this.#parts?.admin[Symbol.dispose]();
    this.#parts?.speaker[Symbol.dispose]();
    await this.#parts?.lab[Symbol.asyncDispose]();
  }

  get lab(): Lab {
    return known(this.#parts).lab;
  }

  get #admin(): KubeClient {
    return known(this.#parts).admin;
  }

  /** What the controller of this test says. */
  get log(): RecordingLog {
    return known(this.#controller).log;
  }

  /** A cluster as it was at first, and a controller that has just begun to lead. */
  async begin(): Promise<void> {
    this.#traces.set("pools", () => this.#admin.delete(POOLS));
    this.#traces.set("memory", () => unlessGone(this.#admin.delete(MEMORY)));
    this.#settled = 0;
    this.#controller = new LeadingController(known(this.#parts).account);
    await this.lead();
  }

  /** @throws {Error} when the controller has stumbled over anything, or given an address twice */
  async end(): Promise<void> {
    await this.resign();
    await Promise.all(Array.from(this.#traces.values(), (remove) => remove()));
    this.#traces.clear();
    const wrong = [
      ...known(this.#controller).stumbles.map((line) => JSON.stringify(line)),
      ...known(this.#parts).shown.doubles.splice(0),
    ];
    if (wrong.length > 0) {
      throw new Error(wrong.join("\n"));
    }
  }

  async lead(...flags: readonly string[]): Promise<void> {
    await known(this.#controller).lead(flags);
  }

  async resign(): Promise<void> {
    await known(this.#controller).resign();
  }

  async restart(...flags: readonly string[]): Promise<void> {
    await this.resign();
    await this.lead(...flags);
  }

  /** Does something while another controller leads too. What both do then is put right later, so it is no fault. */
  async withSecondController<T>(act: () => Promise<T>): Promise<T> {
    const { account, shown } = known(this.#parts);
    const second = new LeadingController(account);
    await second.lead([]);
    const done = await act();
    await this.settle();
    await second.resign();
    this.#traces.set("doubles", async () => shown.doubles.splice(0));
    return done;
  }

  /** Makes the pool, or makes it so. */
  async pool(
    name: string,
    addresses: readonly string[],
    options?: PoolOptions,
  ): Promise<PoolHandle> {
    const pool = new PoolHandle(this.#admin, name, options?.namespace);
    if (options?.namespace !== undefined) {
      this.#traces.set(`pool ${name}`, () => pool.delete());
    }
    await pool.apply(addresses, options);
    return pool;
  }

  async deletePool(name: string): Promise<void> {
    await new PoolHandle(this.#admin, name).delete();
  }

  async service(name: string, options: ServiceOptions = {}): Promise<ServiceHandle> {
    const { admin, shown } = known(this.#parts);
    const service = new ServiceHandle(admin, shown, name, options.namespace);
    this.#traces.set(service.key, () => unlessGone(service.delete()));
    await admin.post(service.collection, serviceBody(name, options));
    return service;
  }

  /** So many of them, one after the other, each with an address. */
  async services(count: number): Promise<readonly ServiceHandle[]> {
    const services: ServiceHandle[] = [];
    for (let index = 0; index < count; index += 1) {
      const service = await this.service(`s${index}`);
      await service.has();
      services.push(service);
    }
    return services;
  }

  async labelTeam(namespace: string, team: string): Promise<void> {
    const label = (value: string | null) =>
      this.#admin.mergePatch(`/api/v1/namespaces/${namespace}`, {
        metadata: { labels: { team: value } },
      });
    this.#traces.set(`team of ${namespace}`, () => label(null));
    await label(team);
  }

  /** Text is an InternalIP when it is an address, and a Hostname when not. */
  async node(name: string, ...texts: readonly (string | object)[]): Promise<void> {
    this.#traces.set("nodes", () => this.#admin.delete("/api/v1/nodes"));
    const addresses = texts.map((text) =>
      typeof text === "string"
        ? { type: isIP(text) ? "InternalIP" : "Hostname", address: text }
        : text,
    );
    await this.#admin.post("/api/v1/nodes", { metadata: { name }, status: { addresses } });
  }

  /** What the controller remembers of addresses that were released, or that are set aside. */
  async memory(of: "released" | "set-aside"): Promise<string> {
    const map = await unlessGone(this.#admin.get<V1ConfigMap>(MEMORY));
    return map?.data?.[of] ?? "";
  }

  async writeMemory(of: "released" | "set-aside", text: string): Promise<void> {
    await this.#admin.mergePatch(MEMORY, { data: { [of]: text } });
  }

  /** A speaker writes the condition into the status of the Service, as it stands. */
  async speak(
    service: ServiceHandle,
    condition: Omit<V1Condition, "lastTransitionTime">,
  ): Promise<void> {
    const { metadata } = await service.read();
    const resourceVersion = metadata?.resourceVersion;
    const lastTransitionTime = new Date().toISOString();
    await known(this.#parts).speaker.strategicPatch(`${servicePath(service)}/status`, {
      metadata: { resourceVersion },
      status: { conditions: [{ ...condition, lastTransitionTime }] },
    });
  }

  /** How often somebody has written the status of a Service, by the API server's own count. */
  async statusWrites(): Promise<number> {
    return (await apiWrites(this.#admin))["PATCH services/status"] ?? 0;
  }

  /**
   * Waits until the controller has acted upon all that was done before. What it is told in order it decides in order: so
   * it has decided everything earlier when a Service, made last, has an address of a pool, made last; and it has written
   * everything when that is so for a second one.
   */
  async settle(): Promise<void> {
    this.#settled += 1;
    const pool = `mark-${this.#settled}`;
    await this.pool(pool, [`203.0.113.${this.#settled * 2}/31`], { spec: { autoAssign: false } });
    const annotations = { "metallb.io/address-pool": pool };
    for (const round of ["first", "second"]) {
      const mark = await this.service(`${pool}-${round}`, { annotations });
      await mark.has();
      await mark.told("IPAllocated");
    }
  }

  /** Puts a Service into etcd in a form that the API server would refuse, and that one of another version let through. */
  async smuggle(
    service: ServiceHandle,
    change: (spec: Record<string, unknown>) => Record<string, unknown>,
  ): Promise<void> {
    const { metadata, spec, status } = await service.read();
    const { resourceVersion: _, ...identity } = metadata ?? {};
    const object = {
      apiVersion: "v1",
      kind: "Service",
      metadata: identity,
      spec: change({ ...spec }),
      status,
    };
    const key = `/registry/services/specs/${service.key}`;
    const input = JSON.stringify({ key: base64(key), value: base64(JSON.stringify(object)) });
    const curl = ["--silent", "--fail", "--data", "@-", ETCD_PUT];
    await run(...inNamespace(`${this.lab.prefix}-cp`, "curl", curl), { input });
  }
}

export const cluster = new Cluster();

async function mountAccount(lab: Lab, name: "controller" | "speaker"): Promise<Credentials> {
  const directory = path.join(lab.directory, `account-${name}`);
  mkdirSync(directory);
  const inHerald = `--namespace=${HERALD_NAMESPACE}`;
  const token = await lab.kubectl(inHerald, "create", "token", name);
  writeFileSync(path.join(directory, "token"), token);
  const authority = lab.client.getCurrentCluster()?.caData ?? "";
  writeFileSync(path.join(directory, "ca.crt"), Buffer.from(authority, "base64"));
  return mountedCredentials(directory, lab);
}

function known<T>(part: T | undefined): T {
  if (part === undefined) {
    throw new Error("The cluster is not up");
  }
  return part;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
