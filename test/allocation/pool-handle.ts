/** One IPAddressPool of a test: its status, and what is said about it. */

import { expect } from "vitest";
import type { KubeClient } from "#lib/kube/client.ts";
import type { KubeObject } from "#lib/kube/json.ts";
import { metallbPath } from "#lib/kube/paths.ts";
import { eventually } from "#test/lab/eventually.ts";
import { HERALD_NAMESPACE } from "#test/lab/herald.ts";
import { eventsAbout, PATIENCE, type Told } from "./events.ts";

export interface PoolOptions {
  /** Herald's when left out. */
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Beside the addresses. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export const POOLS = metallbPath(HERALD_NAMESPACE, "ipaddresspools");

const NEVER = new AbortController().signal;

export class PoolHandle {
  readonly name: string;
  readonly #admin: KubeClient;
  readonly #path: string;

  constructor(admin: KubeClient, name: string, namespace = HERALD_NAMESPACE) {
    this.#admin = admin;
    this.#path = `${metallbPath(namespace, "ipaddresspools")}/${name}`;
    this.name = name;
  }

  /** Makes the pool, or makes it so. */
  async apply(
    addresses: readonly string[],
    { annotations, spec }: PoolOptions = {},
  ): Promise<void> {
    const object = {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: { name: this.name, annotations },
      spec: { addresses, ...spec },
    };
    await this.#admin.apply(this.#path, object, { fieldManager: "test" });
  }

  async delete(): Promise<void> {
    await this.#admin.delete(this.#path);
  }

  /** Waits until the status says `assigned/available` of IPv4, then of IPv6. */
  async shows(text: string): Promise<void> {
    await eventually(async () => {
      expect(await this.status()).toBe(text);
      return true;
    }, PATIENCE);
  }

  /** The status in the form of `shows`, from the bytes of the answer: the numbers of JavaScript are too small. */
  async status(): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.#admin.stream(this.#path, {}, NEVER)) {
      chunks.push(chunk.slice());
    }
    const [, status = ""] = /"status":{([^}]*)}/.exec(Buffer.concat(chunks).toString()) ?? [];
    const value = (field: string) => new RegExp(`"${field}":(\\d+)`).exec(status)?.[1] ?? "none";
    const family = (name: string) => `${value(`assigned${name}`)}/${value(`available${name}`)}`;
    return `${family("IPv4")} ${family("IPv6")}`;
  }

  /** As another controller, or a person, would. */
  async writeStatus(status: Readonly<Record<string, number>>): Promise<void> {
    await this.#admin.mergePatch(`${this.#path}/status`, { status });
  }

  /** Waits for an Event whose message contains the text. */
  async told(text: string): Promise<Told> {
    const { metadata } = await this.#admin.get<KubeObject>(this.#path);
    return await eventually(async () => {
      const told = await eventsAbout(this.#admin, HERALD_NAMESPACE, metadata?.uid);
      return told.find(({ message }) => message.includes(text));
    }, PATIENCE);
  }
}
