import { expect, test } from "vitest";
import { conflictCondition } from "#lib/api/address-conflict.ts";
import type { Condition, Service } from "#lib/api/service.ts";
import { pool, service } from "#lib/api/testing/fixture.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { Assigner, type Outside } from "./assigner.ts";
import type { StatusPatch } from "./status-patch.ts";

const NEVER = new AbortController().signal;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A cluster of Services whose status is written by the assigner; the watch tells of each write at once. */
class Cluster implements Outside {
  readonly stored = new Map<string, Service>();
  readonly events: string[] = [];
  readonly messages: string[] = [];
  readonly patches: StatusPatch[] = [];
  readonly queue: string[] = [];
  changes = 0;
  now = Date.parse("2026-01-02T03:04:05Z");
  wakesAtMs: number | undefined;
  retry: () => void = () => undefined;
  #version = 1;
  #seen: Map<string, Service> | undefined;
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

  /** Somebody changes the Service, and the watch tells of it. */
  change(name: string, changes: Partial<Service>): void {
    const key = `default/${name}`;
    this.#version += 1;
    const given = this.stored.get(key) ?? service(key);
    this.stored.set(key, { ...given, ...changes, resourceVersion: String(this.#version) });
    this.enqueue(key);
  }

  /** From now on the watch tells of no change. */
  silence(): void {
    this.#seen = new Map(this.stored);
  }

  service(key: string): Service | undefined {
    return (this.#seen ?? this.stored).get(key);
  }

  services(): Iterable<Service> {
    return (this.#seen ?? this.stored).values();
  }

  async patchStatus(service: Service, patch: StatusPatch): Promise<string> {
    const { metadata, status } = patch;
    await this.gate;
    this.patches.push(patch);
    if (this.failWrites) {
      throw new Error("the API server is away");
    }
    if (this.stored.get(service.key)?.resourceVersion !== service.resourceVersion) {
      throw new KubeError({ status: 409, reason: "Conflict", message: "it has changed" });
    }
    if (metadata.annotations === undefined && Object.keys(status).length === 0) {
      return service.resourceVersion;
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
    this.enqueue(service.key);
    if (this.loseAnswers) {
      throw new Error("the answer is lost");
    }
    return resourceVersion;
  }

  event(service: Service, type: string, reason: string, message: string): void {
    this.events.push(`${service.key} ${type} ${reason}`);
    this.messages.push(message);
  }

  enqueue(key: string): void {
    this.queue.push(key);
  }

  retrySoon(): void {
    this.retry();
  }

  wakeAt(atMs: number): void {
    this.wakesAtMs = atMs;
  }

  allocationsChanged(): void {
    this.changes += 1;
  }

  nowMs(): number {
    return this.now;
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
  const assigner = new Assigner("metallb-system", cluster, SILENT);
  cluster.retry = () => assigner.retryWaiting();
  return assigner;
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

test("gives on the address that a Service loses when its status says so, and not before", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  cluster.add("waits");
  assigner.setPools([pool("lab", "192.0.2.10/32"), pool("other", "198.51.100.10/32")]);
  cluster.add("web", { annotations: { "metallb.io/loadBalancerIPs": "192.0.2.10" } });
  cluster.add("waits", { annotations: { "metallb.io/loadBalancerIPs": "192.0.2.10" } });
  await cluster.settle(assigner);
  cluster.change("web", { annotations: { "metallb.io/address-pool": "other" } });

  cluster.failWrites = true;
  await expect(assigner.reconcile("default/web", NEVER)).rejects.toThrow();
  cluster.failWrites = false;
  await assigner.reconcile("default/waits", NEVER);
  expect(cluster.addresses()).toEqual({ "default/web": "192.0.2.10", "default/waits": "" });

  await cluster.settle(assigner);
  await assigner.reconcile("default/web", NEVER);
  await cluster.settle(assigner);
  expect(cluster.addresses()).toEqual({
    "default/web": "198.51.100.10",
    "default/waits": "192.0.2.10",
  });
});

test.each([
  ["before the write", "failWrites"],
  ["after the write, before its answer", "loseAnswers"],
] as const)(
  "a controller that dies %s leaves no double, no leak and the same addresses",
  async (_, fault) => {
    const pools = [pool("lab", "192.0.2.10/31")];
    const names = ["default/web", "default/api", "default/waits"];
    const undisturbed = new Cluster();
    const cluster = new Cluster();
    for (const each of [undisturbed, cluster]) {
      for (const name of ["web", "api", "waits"]) {
        each.add(name);
      }
    }
    const calm = assignerOf(undisturbed);
    calm.setPools(pools);
    await undisturbed.settle(calm);

    for (const name of names) {
      const dying = assignerOf(cluster);
      dying.setPools(pools);
      cluster.queue.length = 0;
      cluster[fault] = true;
      await dying.reconcile(name, NEVER).catch(() => undefined);
      cluster[fault] = false;
    }
    const last = assignerOf(cluster);
    last.setPools(pools);
    await cluster.settle(last);
    expect(cluster.addresses()).toEqual(undisturbed.addresses());

    cluster.stored.delete("default/web");
    cluster.enqueue("default/web");
    await cluster.settle(last);
    expect(cluster.addresses()).toEqual({
      "default/api": "192.0.2.11",
      "default/waits": "192.0.2.10",
    });
  },
);

test("adds the second family to a Service as soon as one of its pool is free", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  const both = { clusterIps: ["10.96.0.1", "fd00::1"], ipFamilies: ["IPv4", "IPv6"] } as const;
  cluster.add("holder", { clusterIps: ["fd00::1"], ipFamilies: ["IPv6"] });
  cluster.add("web", { ...both, ipFamilyPolicy: "PreferDualStack" });
  assigner.setPools([pool("lab", "192.0.2.10/31", "2001:db8::1/128")]);
  await cluster.settle(assigner);
  expect(cluster.addresses()["default/web"]).toBe("192.0.2.10");

  cluster.stored.delete("default/holder");
  cluster.enqueue("default/holder");
  await cluster.settle(assigner);
  expect(cluster.addresses()).toEqual({ "default/web": "192.0.2.10,2001:db8::1" });
});

test("undoes a double that another controller wrote: the older Service keeps the address", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("old");
  cluster.add("new");
  assigner.setPools([pool("lab", "192.0.2.10/31")]);
  await cluster.settle(assigner);

  cluster.change("new", { ingress: ["192.0.2.10"] });
  await cluster.settle(assigner);
  expect(cluster.addresses()).toEqual({ "default/old": "192.0.2.10", "default/new": "192.0.2.11" });

  cluster.change("old", { ingress: ["192.0.2.11"] });
  await cluster.settle(assigner);
  expect(cluster.addresses()).toEqual({ "default/old": "192.0.2.11", "default/new": "192.0.2.10" });
});

test("gives the address that a Service had before to one made again under its name, after a restart", async () => {
  const cluster = new Cluster();
  const first = assignerOf(cluster);
  cluster.add("other");
  cluster.add("web");
  const pools = [pool("lab", "192.0.2.10/30")];
  first.setPools(pools);
  await cluster.settle(first);
  for (const name of ["default/other", "default/web"]) {
    cluster.stored.delete(name);
    first.forget(name);
  }
  cluster.add("web");
  const second = assignerOf(cluster);
  second.remember(first.memory);
  second.setPools(pools);
  await cluster.settle(second);
  expect(cluster.addresses()).toEqual({ "default/web": "192.0.2.9" });
});

test("warns of each annotation under the older prefix whenever it writes", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web", { annotations: { "metallb.universe.tf/address-pool": "lab" } });
  assigner.setPools([pool("lab", "192.0.2.10/32")]);
  await cluster.settle(assigner);
  await assigner.reconcile("default/web", NEVER);
  expect(cluster.events).toEqual([
    "default/web Warning deprecatedAnnotation",
    "default/web Normal IPAllocated",
  ]);
});

test("gives nobody the address of a write whose answer was lost, before the watch tells what became of it", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  assigner.setPools([pool("lab", "192.0.2.10/31")]);
  cluster.loseAnswers = true;
  cluster.silence();
  await expect(assigner.reconcile("default/web", NEVER)).rejects.toThrow("the answer is lost");
  cluster.loseAnswers = false;

  assigner.setPools([pool("new", "203.0.113.1/32")]);
  await expect(assigner.reconcile("default/web", NEVER)).rejects.toThrow("has changed");
  assigner.setPools([pool("lab", "192.0.2.10/31")]);
  cluster.add("api");
  cluster.silence();
  await assigner.reconcile("default/api", NEVER);
  expect(cluster.addresses()["default/api"]).toBe("192.0.2.11");
});

test("gives the address of a write that was lost on its way to others, once another write has shown that", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  assigner.setPools([pool("lab", "192.0.2.10/32")]);
  cluster.failWrites = true;
  await expect(assigner.reconcile("default/web", NEVER)).rejects.toThrow();
  cluster.failWrites = false;
  assigner.setPools([pool("other", "203.0.113.1/32")]);
  assigner.setPools([
    {
      ...pool("lab", "192.0.2.10/32"),
      serviceAllocation: { priority: 0, namespaces: ["shop"], serviceSelectors: [] },
    },
  ]);
  await cluster.settle(assigner);
  expect(assigner.usage()).toMatchObject([{ inUse: { IPv4: 0n } }]);
});

test("tells of a loss and of a refusal although the answer to their write was lost", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  cluster.add("web");
  assigner.setPools([pool("lab", "192.0.2.10/32")]);
  await cluster.settle(assigner);
  assigner.setPools([{ ...pool("lab", "192.0.2.11/32"), autoAssign: false }]);
  cluster.loseAnswers = true;
  await expect(assigner.reconcile("default/web", NEVER)).rejects.toThrow("the answer is lost");
  cluster.loseAnswers = false;
  await cluster.settle(assigner);
  expect(cluster.events).toEqual([
    "default/web Normal IPAllocated",
    "default/web Normal ClearAssignment",
    "default/web Warning AllocationFailed",
  ]);
});

/** default/web has 192.0.2.10, and a speaker tells it of another host there. */
async function contested(cluster: Cluster, assigner: Assigner): Promise<void> {
  cluster.add("web");
  assigner.setPools([pool("lab", "192.0.2.10/31")]);
  await cluster.settle(assigner);
  const host = { mac: "02:42:ac:11:00:07", node: "n2", link: "eth0", when: "first-use" } as const;
  const condition = conflictCondition({ ip: "192.0.2.10", ...host });
  cluster.patches.length = 0;
  cluster.change("web", {
    conditions: [{ ...condition, lastTransitionTime: "2026-01-02T03:04:05Z" }],
  });
  await cluster.settle(assigner);
}

test("gives another address for one that another host uses, by one write, and tells it", async () => {
  const cluster = new Cluster();
  await contested(cluster, assignerOf(cluster));
  expect(cluster.addresses()).toEqual({ "default/web": "192.0.2.11" });
  expect(cluster.patches).toHaveLength(1);
  expect(cluster.events.slice(1)).toEqual([
    "default/web Warning AddressConflict",
    "default/web Normal IPAllocated",
  ]);
  expect(cluster.messages[1]).toBe(
    "Another host (02:42:ac:11:00:07, heard by n2 on eth0) already uses 192.0.2.10: it is set aside for 10m, default/web gets 192.0.2.11",
  );
});

test("has who waits looked at again when an address is set aside no more", async () => {
  const cluster = new Cluster();
  const assigner = assignerOf(cluster);
  await contested(cluster, assigner);
  cluster.add("waits");
  cluster.enqueue("default/waits");
  await cluster.settle(assigner);
  expect(cluster.addresses()["default/waits"]).toBe("");

  cluster.now = cluster.wakesAtMs ?? 0;
  assigner.wake();
  await cluster.settle(assigner);
  expect(cluster.addresses()["default/waits"]).toBe("192.0.2.10");
});

test("is to be woken when an address that an earlier life set aside is so no more", async () => {
  const cluster = new Cluster();
  const first = assignerOf(cluster);
  await contested(cluster, first);
  const untilMs = cluster.wakesAtMs;
  cluster.wakesAtMs = undefined;
  const second = assignerOf(cluster);
  second.remember(first.memory);
  second.setPools([pool("lab", "192.0.2.10/31")]);
  expect(cluster.wakesAtMs).toBe(untilMs);

  // A clock that was set back has it woken too early.
  cluster.wakesAtMs = undefined;
  second.wake();
  expect(cluster.wakesAtMs).toBe(untilMs);
});
