/** A cluster in memory: what the API server has, what its watch has told, and what comes between a write and its answer. */

import type { Outside } from "#controller/assigner.ts";
import type { StatusPatch } from "#controller/status-patch.ts";
import type { Condition, Service } from "#lib/api/service.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import type { Trap } from "./history.ts";

/** Whoever wrote is no more. */
export class Killed extends Error {}

/** A write that the controller has tried. */
export interface Write {
  readonly service: Service;
  readonly patch: StatusPatch;
}

export interface Watcher {
  /** Before the Service's status becomes this one, by the controller that leads. */
  writes(before: Service, after: Service): void;
  changed(key: string): void;
  deleted(key: string): void;
  /** Those that wait are to be looked at soon. */
  freed(): void;
}

/** An instant at which nobody has lived. */
const START_MS = Date.UTC(2026, 0, 1);

export class FakeCluster implements Outside {
  /** What the API server has, by key. */
  readonly stored = new Map<string, Service>();
  /** What the watch has told, by key. */
  readonly seen = new Map<string, Service>();
  /** Keys that want to be reconciled, each once, the first first. */
  readonly queue = new Set<string>();
  #nowMs = START_MS;
  readonly #watcher: Watcher;
  /** What the watch has yet to tell. */
  #untold: (readonly [key: string, service: Service | undefined])[] = [];
  #isSilent = false;
  #version = 0;
  /** What befalls the next writes. */
  readonly #traps: Trap[] = [];
  #beforeWrite: ((service: Service) => void) | undefined;
  #late: Write[] = [];
  #tried: Write | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  /** The write of the reconcile just done; asked for again, there is none. */
  takeTried(): Write | undefined {
    const tried = this.#tried;
    this.#tried = undefined;
    return tried;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** While it is silent, the watch tells nothing; afterwards it tells all of it. */
  setSilent(isSilent: boolean): void {
    this.#isSilent = isSilent;
    this.#tell();
  }

  /** Befalls the first write that nothing else befalls. */
  set(trap: Trap): void {
    this.#traps.push(trap);
  }

  /** Has something done to a Service just before its status is written. */
  interfere(action: (service: Service) => void): void {
    this.#beforeWrite = action;
  }

  /** From now on nothing befalls a write. */
  disarm(): void {
    this.#traps.length = 0;
    this.#beforeWrite = undefined;
  }

  /** A new controller lists what is there; what the watch had yet to tell its predecessor is in the list. */
  relist(order: readonly string[]): void {
    this.#isSilent = false;
    this.#untold = [];
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    this.disarm();
    this.queue.clear();
    this.seen.clear();
    for (const key of order) {
      const service = this.stored.get(key);
      if (service !== undefined) {
        this.seen.set(key, service);
      }
    }
  }

  /** Stores it as the next version. */
  put(service: Service): Service {
    this.#version += 1;
    const next = { ...service, resourceVersion: String(this.#version) };
    this.stored.set(service.key, next);
    this.#untold.push([service.key, next]);
    this.#tell();
    return next;
  }

  delete(key: string): void {
    if (this.stored.delete(key)) {
      this.#untold.push([key, undefined]);
      this.#tell();
    }
  }

  /**
   * Writes of a controller that is no more arrive, unless the Services have changed since.
   *
   * @returns keys of those that were written
   */
  landLateWrites(): readonly string[] {
    const landing = this.#late.filter(
      ({ service }) => this.stored.get(service.key)?.resourceVersion === service.resourceVersion,
    );
    this.#late = [];
    for (const { service, patch } of landing) {
      this.put(patched(service, patch));
    }
    return landing.map(({ service }) => service.key);
  }

  service(key: string): Service | undefined {
    return this.seen.get(key);
  }

  services(): Iterable<Service> {
    return this.seen.values();
  }

  async patchStatus(service: Service, patch: StatusPatch): Promise<string | undefined> {
    this.#tried = { service, patch };
    const trap = this.#traps.shift();
    this.#interfere(service);
    if (trap === "it is not answered and not done") {
      throw new KubeError({ status: 0, reason: "Timeout", message: "no answer" });
    }
    if (trap === "the controller dies and it arrives later") {
      this.#late.push({ service, patch });
    }
    if (trap?.startsWith("the controller dies") && trap !== "the controller dies after it") {
      throw new Killed();
    }
    const resourceVersion = this.#write(service, patch);
    if (trap === "the controller dies after it") {
      throw new Killed();
    }
    if (trap === "it is done and its answer is lost") {
      throw new KubeError({ status: 0, reason: "Timeout", message: "no answer" });
    }
    return resourceVersion;
  }

  event(): void {}

  allocationsChanged(): void {}

  wakeAt(atMs: number): void {
    this.#wakesAtMs = Math.min(this.#wakesAtMs, atMs);
  }

  /** Whether whoever asked for it is to be woken; asked again, nobody is. */
  takeAlarm(): boolean {
    const isTime = this.#wakesAtMs <= this.#nowMs;
    if (isTime) {
      this.#wakesAtMs = Number.POSITIVE_INFINITY;
    }
    return isTime;
  }

  enqueue(key: string): void {
    this.queue.add(key);
  }

  retrySoon(): void {
    this.#watcher.freed();
  }

  nowMs(): number {
    return this.#nowMs;
  }

  #interfere(service: Service): void {
    const action = this.#beforeWrite;
    this.#beforeWrite = undefined;
    action?.(service);
  }

  #write(service: Service, patch: StatusPatch): string | undefined {
    const stored = this.stored.get(service.key);
    if (stored === undefined) {
      return undefined;
    }
    if (stored.resourceVersion !== patch.metadata.resourceVersion) {
      throw new KubeError({ status: 409, reason: "Conflict", message: "it has changed" });
    }
    const after = patched(stored, patch);
    this.#watcher.writes(stored, after);
    return this.put(after).resourceVersion;
  }

  #tell(): void {
    if (this.#isSilent) {
      return;
    }
    const untold = this.#untold;
    this.#untold = [];
    for (const [key, service] of untold) {
      if (service === undefined) {
        this.seen.delete(key);
        this.#watcher.deleted(key);
      } else {
        this.seen.set(key, service);
        this.#watcher.changed(key);
      }
    }
  }
}

/** As the API server applies a strategic merge patch of services/status. */
export function patched(service: Service, { metadata, status }: StatusPatch): Service {
  const annotations = { ...service.annotations };
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    delete annotations[key];
    if (value !== null) {
      annotations[key] = value;
    }
  }
  const changes = (status.conditions ?? []) as readonly (Condition & { $patch?: string })[];
  const others = service.conditions.filter(({ type }) => changes.every((one) => one.type !== type));
  return {
    ...service,
    annotations,
    conditions: [...others, ...changes.filter(({ $patch }) => $patch === undefined)],
    ingress:
      status.loadBalancer === undefined
        ? service.ingress
        : (status.loadBalancer.ingress ?? []).map(({ ip }) => ip),
  };
}
