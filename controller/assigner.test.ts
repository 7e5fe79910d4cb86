import { expect, test } from "vitest";
import type { Condition, Service } from "#lib/api/service.ts";
import { pool, service } from "#lib/api/testing/fixture.ts";
import { Assigner, type Outside } from "./assigner.ts";
import type { StatusPatch } from "./status-patch.ts";

const NEVER = new AbortController().signal;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A cluster of Services whose status is written by the assigner; the watch tells of each write at once. */
class Cluster implements Outside {
  readonly stored = new Map<string, Service>();
  readonly events: string[] = [];
  readonly queue: string[] = [];
  #version = 1;
  /** When set, a write waits for it. */
  gate: Promise<void> | undefined;
  failWrites = false;
  loseAnswers = false;

  add(name: string, changes: Partial<Service> = {}): void {
    this.#version += 1;
    const given = service(`default/${name}`, {
      resourceVersion: String(this.#version),
      creationTimestamp: `2026-01-01T00:00:${String(this.#version).padStart(2, "0")}Z`,
      ...changes,
    });
    this.stored.set(given.key, given);
  }

  service(key: string): Service | undefined {
    return this.stored.get(key);
  }

  services(): Iterable<Service> {
    return this.stored.values();
  }

  async patchStatus(service: Service, { metadata, status }: StatusPatch): Promise<string> {
    await this.gate;
    if (this.failWrites) {
      throw new Error("the API server is away");
    }
    this.#version += 1;
    const annotations = { ...service.annotations };
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
      delete annotations[key];
      if (value !== null) {
        annotations[key] = value;
      }
    }
    const ingress =
      status.loadBalancer === undefined
        ? service.ingress
        : (status.loadBalancer.ingress ?? []).map(({ ip }) => ip);
    const written = (status.conditions ?? []) as readonly Condition[];
    const others = service.conditions.filter(({ type }) =>
      written.every((one) => one.type !== type),
    );
    const conditions = [...others, ...written];
    const resourceVersion = String(this.#version);
    this.stored.set(service.key, {
      ...service,
      annotations,
      ingress,
      conditions,
      resourceVersion,
    });
    if (this.loseAnswers) {
      throw new Error("the answer is lost");
    }
    return resourceVersion;
  }

  event(service: Service, type: string, reason: string): void {
    this.events.push(`${service.key} ${type} ${reason}`);
  }

  enqueue(key: string): void {
    this.queue.push(key);
  }

  now(): string {
    return "2026-01-02T03:04:05Z";
  }

  async settle(assigner: Assigner): Promise<void> {
    for (let key = this.queue.shift(); key !== undefined; key = this.queue.shift()) {
      await assigner.reconcile(key, NEVER);
    }
  }

  addresses(): Record<string, string> {
    return Object.fromEntries([...this.stored].map(([key, { ingress }]) => [key, ingress.join()]));
  }
}

function assignerOf(cluster: Cluster): Assigner {
  return new Assigner("metallb-system", cluster, SILENT);
}

test("gives the oldest Service the lowest address, and tells it", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  cluster.add("api");
  assigner.setPools([pool("lab", "192.0.2.10-192.0.2.20")]);
  await cluster.settle(assigner);
  expect(cluster.addresses()).toEqual({ "default/web": "192.0.2.10", "default/api": "192.0.2.11" });
  expect(cluster.events).toEqual([
    "default/web Normal IPAllocated",
    "default/api Normal IPAllocated",
  ]);
});

test("does nothing before it knows the pools", async () => {
  const cluster = new Cluster();
  cluster.add("web");
  await assignerOf(cluster).reconcile("default/web", NEVER);
  expect(cluster.addresses()).toEqual({ "default/web": "" });
  expect(cluster.events).toEqual([]);
});

test("promises no address twice while writes are under way", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  cluster.add("api");
  assigner.setPools([pool("lab", "192.0.2.10-192.0.2.20")]);
  const gate = Promise.withResolvers<void>();
  cluster.gate = gate.promise;
  const writes = cluster.queue.splice(0).map((key) => assigner.reconcile(key, NEVER));
  gate.resolve();
  await Promise.all(writes);
  expect(new Set(Object.values(cluster.addresses()))).toEqual(
    new Set(["192.0.2.10", "192.0.2.11"]),
  );
});

test("promises the same address again after a write that failed", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  cluster.add("api");
  assigner.setPools([pool("lab", "192.0.2.10-192.0.2.20")]);
  cluster.failWrites = true;
  await expect(assigner.reconcile("default/api", NEVER)).rejects.toThrow("the API server is away");
  cluster.failWrites = false;
  await cluster.settle(assigner);
  await assigner.reconcile("default/api", NEVER);
  expect(cluster.addresses()).toEqual({ "default/web": "192.0.2.11", "default/api": "192.0.2.10" });
});

test("tells of an address although the answer to its write was lost", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  assigner.setPools([pool("lab", "192.0.2.10-192.0.2.20")]);
  cluster.loseAnswers = true;
  await expect(assigner.reconcile("default/web", NEVER)).rejects.toThrow("the answer is lost");
  cluster.loseAnswers = false;
  await assigner.reconcile("default/web", NEVER);
  expect(cluster.events).toEqual(["default/web Normal IPAllocated"]);
});

test("gives a Service made anew under the name of one that is gone no claim to its address", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  cluster.add("waits");
  assigner.setPools([pool("lab", "192.0.2.10/32")]);
  await cluster.settle(assigner);
  assigner.forget("default/web");
  cluster.add("web");
  cluster.enqueue("default/web");
  await cluster.settle(assigner);
  expect(cluster.addresses()).toEqual({ "default/web": "", "default/waits": "192.0.2.10" });
});

test("changes no address after a restart, and writes nothing", async () => {
  const cluster = new Cluster();
  const first = assignerOf(cluster);
  cluster.add("old");
  cluster.add("new");
  first.setPools([pool("lab", "192.0.2.10-192.0.2.20")]);
  await cluster.settle(first);
  cluster.stored.delete("default/old");
  cluster.add("pending");
  const before = cluster.stored.get("default/new");

  const second = assignerOf(cluster);
  second.setPools([pool("lab", "192.0.2.10-192.0.2.20")]);
  await cluster.settle(second);
  expect(cluster.addresses()).toEqual({
    "default/new": "192.0.2.11",
    "default/pending": "192.0.2.10",
  });
  expect(cluster.stored.get("default/new")).toEqual(before);
});

test("gives an address that becomes free to the Service that has waited longest", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  for (const name of ["holder", "waits", "waits-less"]) {
    cluster.add(name);
  }
  assigner.setPools([pool("lab", "192.0.2.10/32")]);
  await cluster.settle(assigner);
  expect(cluster.events).toContain("default/waits Warning AllocationFailed");

  cluster.stored.delete("default/holder");
  cluster.enqueue("default/holder");
  await cluster.settle(assigner);
  expect(cluster.addresses()).toEqual({ "default/waits": "192.0.2.10", "default/waits-less": "" });
});

test("tells once that a request cannot be read, and leaves the address", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  assigner.setPools([pool("lab", "192.0.2.10-192.0.2.20")]);
  await cluster.settle(assigner);
  const web = cluster.stored.get("default/web");
  cluster.add("web", {
    ...web,
    annotations: { ...web?.annotations, "metallb.io/loadBalancerIPs": "192.0.2.x" },
  });
  await assigner.reconcile("default/web", NEVER);
  await assigner.reconcile("default/web", NEVER);
  expect(cluster.addresses()).toEqual({ "default/web": "192.0.2.10" });
  expect(cluster.events.filter((event) => event.endsWith("LoadBalancerFailed"))).toHaveLength(1);
});
