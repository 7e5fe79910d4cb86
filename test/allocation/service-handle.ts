/** One Service of a test: what is done to it, and what becomes of it. */

import type { V1Service } from "@kubernetes/client-node";
import { expect } from "vitest";
import type { KubeClient } from "#lib/kube/client.ts";
import type { Json } from "#lib/kube/json.ts";
import { servicePath } from "#lib/kube/paths.ts";
import { eventually } from "#test/lab/eventually.ts";
import { eventsAbout, PATIENCE, type Told } from "./events.ts";
import type { ShownAddresses } from "./shown-addresses.ts";

export interface ServiceOptions {
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  /** Ports to serve: `80`, or `UDP 53`; 80 alone when left out. */
  readonly ports?: readonly (number | string)[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

interface Change {
  readonly annotations?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly finalizers?: readonly string[] | null;
  readonly ports?: readonly (number | string)[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

const POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool";

export function serviceBody(name: string, options: ServiceOptions): object {
  const { annotations, finalizers, labels, ports = [80], spec } = options;
  return {
    metadata: { name, annotations, finalizers, labels },
    spec: { type: "LoadBalancer", selector: { app: name }, ports: portList(ports), ...spec },
  };
}

function portList(ports: readonly (number | string)[]): object[] {
  return ports.map((port, index) => {
    const [protocol = "TCP", number = port] = String(port).includes(" ")
      ? String(port).split(" ")
      : [];
    return { name: `p${index}`, protocol, port: Number(number) };
  });
}

export class ServiceHandle {
  readonly name: string;
  readonly namespace: string;
  readonly #admin: KubeClient;
  readonly #shown: ShownAddresses;

  constructor(admin: KubeClient, shown: ShownAddresses, name: string, namespace = "default") {
    this.#admin = admin;
    this.#shown = shown;
    this.name = name;
    this.namespace = namespace;
  }

  get key(): string {
    return `${this.namespace}/${this.name}`;
  }

  get collection(): string {
    return `/api/v1/namespaces/${this.namespace}/services`;
  }

  get #path(): string {
    return servicePath(this);
  }

  read(): Promise<Json<V1Service>> {
    return this.#admin.get(this.#path);
  }

  async change({ annotations, finalizers, labels, ports, spec }: Change): Promise<void> {
    await this.#admin.mergePatch(this.#path, {
      metadata: { annotations, finalizers, labels },
      spec: { ...(ports && { ports: portList(ports) }), ...spec },
    });
  }

  async annotate(annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.change({ annotations });
  }

  /** As another controller, or a person, would. */
  async writeIngress(...ingress: readonly (string | object)[]): Promise<void> {
    this.#shown.writes(
      this.key,
      ingress.filter((entry) => typeof entry === "string"),
    );
    const entries = ingress.map((entry) => (typeof entry === "string" ? { ip: entry } : entry));
    await this.#admin.mergePatch(`${this.#path}/status`, {
      status: { loadBalancer: { ingress: entries } },
    });
  }

  async delete(): Promise<void> {
    await this.#admin.delete(this.#path);
  }

  /** Waits until the status has these addresses and the annotation names their pool, if one is given. */
  async gets(ips: readonly string[], pool?: string): Promise<void> {
    await eventually(async () => {
      const state = await this.state();
      expect(state).toMatchObject({ ips, allocated: "True", ...(pool && { pool }) });
      return true;
    }, PATIENCE);
  }

  /** Waits until it has any address, and gives back all of them. */
  async has(): Promise<readonly string[]> {
    return await eventually(async () => {
      const { ips } = await this.state();
      return ips.length > 0 && ips;
    }, PATIENCE);
  }

  /** Waits until it has no address for this reason, and gives back the sentence that says so. */
  async isRefused(reason: string): Promise<string> {
    return await eventually(async () => {
      const { message, ...state } = await this.state();
      expect(state).toEqual({ ips: [], pool: undefined, allocated: "False", reason });
      return message;
    }, PATIENCE);
  }

  /** Waits for an Event of this reason. */
  async told(reason: string): Promise<Told> {
    return await eventually(async () => {
      const [first] = await this.events(reason);
      return first;
    }, PATIENCE);
  }

  /** The Events of this reason that stand now. */
  async events(reason: string): Promise<readonly Told[]> {
    const { metadata } = await this.read();
    return await eventsAbout(this.#admin, this.namespace, metadata?.uid, reason);
  }

  async state() {
    const { metadata, status } = await this.read();
    const condition = status?.conditions?.find(
      ({ type }) => type === "herald-lb.io/AddressAllocated",
    );
    return {
      ips: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : [])),
      pool: metadata?.annotations?.[POOL_ANNOTATION],
      allocated: condition?.status,
      reason: condition?.reason,
      message: condition?.message,
    };
  }
}
