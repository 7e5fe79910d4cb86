/** What a person does with a cluster and sees of it: the steps that the tests of this folder are made of. */

import { CoreV1Api, type V1Service } from "@kubernetes/client-node";
import { eventually } from "#test/lab/eventually.ts";
import type { Host } from "#test/lab/host.ts";
import type { Lab } from "#test/lab/lab.ts";

/** Of the LAN of a lab, and of no machine on it. */
export const POOL = "192.0.2.200-192.0.2.220";
export const POOL6 = "2001:db8:0:1::200-2001:db8:0:1::220";

export interface ServiceOptions {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export class ClusterUser {
  readonly #lab: Lab;
  readonly #api: CoreV1Api;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#api = lab.client.makeApiClient(CoreV1Api);
  }

  /** One pool of the given addresses, and an advertisement of all pools on all nodes. */
  async configure(addresses: readonly string[]): Promise<void> {
    await this.applyPool("lab", addresses);
    await this.#lab.apply(
      JSON.stringify({
        apiVersion: "metallb.io/v1beta1",
        kind: "L2Advertisement",
        metadata: { name: "lab", namespace: "metallb-system" },
      }),
    );
  }

  async applyPool(
    name: string,
    addresses: readonly string[],
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#lab.apply(
      JSON.stringify({
        apiVersion: "metallb.io/v1beta1",
        kind: "IPAddressPool",
        metadata: { name, namespace: "metallb-system", annotations },
        spec: { addresses },
      }),
    );
  }

  async applyService(name: string, { annotations, spec }: ServiceOptions = {}): Promise<void> {
    await this.#lab.apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, namespace: "default", annotations },
        spec: {
          type: "LoadBalancer",
          selector: { app: name },
          ports: [{ port: 80, targetPort: 8080 }],
          ...spec,
        },
      }),
    );
  }

  get #client(): Host {
    const [client] = this.#lab.clients;
    if (client === undefined) {
      throw new Error("This lab has no client");
    }
    return client;
  }

  service(name: string): Promise<V1Service> {
    return this.#api.readNamespacedService({ name, namespace: "default" });
  }

  async addresses(name: string): Promise<readonly string[]> {
    const { status } = await this.service(name);
    return (status?.loadBalancer?.ingress ?? []).map(({ ip = "" }) => ip);
  }

  /** The first address of the Service, as soon as it has one. */
  address(name: string): Promise<string> {
    return eventually(async () => (await this.addresses(name))[0]);
  }

  /** Waits until the condition says this. */
  async condition(name: string, type: string, status: string, reason: string): Promise<string> {
    return await eventually(async () => {
      const { status: said } = await this.service(name);
      const condition = said?.conditions?.find((candidate) => candidate.type === type);
      if (condition?.status !== status || condition.reason !== reason) {
        throw new Error(`the condition is ${JSON.stringify(condition)}`);
      }
      return condition.message;
    });
  }

  /** Waits until an Event on an object says this. Those about Nodes are in the default namespace. */
  async toldByEvent(
    name: string,
    reason: string,
    message: string | RegExp,
    namespace = "default",
  ): Promise<void> {
    await eventually(async () => {
      const fieldSelector = `involvedObject.name=${name},reason=${reason}`;
      const { items } = await this.#api.listNamespacedEvent({ namespace, fieldSelector });
      const said = items.map((event) => event.message ?? "");
      const isIt = (text: string) =>
        typeof message === "string" ? text === message : message.test(text);
      if (!said.some(isIt)) {
        throw new Error(`its Events say ${JSON.stringify(said)}`);
      }
      return true;
    });
  }

  /** Waits until exactly one node answers for the address, and gives its name. */
  async owner(ip: string): Promise<string> {
    return await eventually(async () => {
      const [mac, ...others] = await this.whoHas(ip);
      const owner = this.#lab.nodes.find((node) => node.mac === mac);
      if (owner === undefined || others.length > 0) {
        throw new Error(`${ip} is answered by ${[mac, ...others].join(" and ") || "nobody"}`);
      }
      return owner.name;
    });
  }

  /** The MACs that answer one request to all, by ARP or NDP; all that come within a second. */
  async whoHas(ip: string): Promise<readonly string[]> {
    const client = this.#client;
    const macs = ip.includes(":")
      ? await client.ndisc(ip)
      : await client.arping(ip, { count: 1, broadcast: true });
    return [...new Set(macs)];
  }

  /** The node to which the client sends what is for the address, as far as its kernel knows without asking. */
  async sendsTo(ip: string): Promise<string | undefined> {
    const output = await this.#client.exec("ip", ["-j", "neighbour", "show", ip, "dev", "eth0"]);
    const [entry] = JSON.parse(output || "[]") as readonly { readonly lladdr?: string }[];
    return this.#lab.nodes.find(({ mac }) => mac === entry?.lladdr)?.name;
  }

  /** Waits until nobody answers for the address. */
  async silence(ip: string): Promise<void> {
    await eventually(async () => {
      const macs = await this.whoHas(ip);
      if (macs.length > 0) {
        throw new Error(`${ip} is answered by ${macs.join(" and ")}`);
      }
      return true;
    });
  }

  /** Waits until a page comes through port 80 of the address, and gives its body. */
  async fetch(ip: string): Promise<string> {
    const host = ip.includes(":") ? `[${ip}]` : ip;
    return await eventually(async () => {
      const answer = await this.#client.curl(`http://${host}/`);
      return answer.status === 200 && answer.body;
    });
  }

  /** The nodes that ServiceL2Status objects name for the Service. */
  async announcers(name: string): Promise<readonly string[]> {
    const output = await this.#lab.kubectl(
      "--namespace=metallb-system",
      "get",
      "servicel2statuses",
      `--selector=metallb.io/service-name=${name}`,
      "--output=jsonpath={.items[*].status.node}",
    );
    return output.split(" ").filter((node) => node !== "");
  }

  /** Lines of Herald's processes that say that the API server refused them something: a rule is missing from a role. */
  refusedByRoles(): readonly string[] {
    const { controllers, nodes } = this.#lab;
    const processes = [...controllers, ...nodes.map(({ name }) => this.#lab.speaker(name))];
    return processes.flatMap(({ lines }) =>
      lines.filter((line) => /forbidden|Unauthorized/i.test(line)),
    );
  }
}
