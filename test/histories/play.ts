/**
 * Plays a history to the controller's assigner, one key of its queue at a time, and says beforehand by the naive model
 * what it has to make of each Service.
 */

import type { Assigner, Outside } from "#controller/assigner.ts";
import { parseIp } from "#lib/address/ip.ts";
import type { Remembered } from "#lib/allocation/remembered.ts";
import type { Service } from "#lib/api/service.ts";
import { service } from "#lib/api/testing/fixture.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { FakeCluster, Killed, patched, type Watcher } from "./fake-cluster.ts";
import { toldOfHost } from "./foreign-host.ts";
import { edited, type History, type PoolFields, type ServiceFields, type Step } from "./history.ts";
import {
  expectNoDouble,
  expectOutcome,
  expectSetAside,
  expectSettled,
  Violation,
} from "./invariants.ts";
import { type Memory, NaiveController } from "./naive-controller.ts";
import { poolFrom, written } from "./written-objects.ts";

/** What is played to: the real one, unless a test wants to see that a wrong one is found out. */
export type Subject = Pick<
  Assigner,
  | "forget"
  | "memory"
  | "reconcile"
  | "retryWaiting"
  | "remember"
  | "setNodeAddresses"
  | "setPools"
  | "usage"
  | "wake"
>;

export type MakeSubject = (outside: Outside) => Subject;

const NEVER = new AbortController().signal;

/** Of one step; what takes longer never ends. */
const MOST_RECONCILES = 200;

/** For so long at most an address is set aside. */
const LONGEST_HOLD_MS = 86_400_000;

/** Between two steps; creationTimestamps are of whole seconds, so that some are the same. */
const STEP_MS = 400;

/** @throws {Violation} when the controller does what it must not, with the number of the step */
export async function play(history: History, make: MakeSubject): Promise<void> {
  const player = new Player(history, make);
  for (const [index, step] of history.steps.entries()) {
    await withNumber(index, () => player.take(step));
  }
  await withNumber(history.steps.length, () => player.end());
}

async function withNumber(index: number, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Violation) {
      throw new Violation(`At step ${index + 1}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

class Player implements Watcher {
  readonly #history: History;
  readonly #make: MakeSubject;
  readonly #cluster = new FakeCluster(this);
  #subject: Subject;
  #model: NaiveController;
  #pools: ReadonlyMap<string, PoolFields> = new Map();
  #nodeAddresses: readonly string[] = [];
  /** Keys whose work failed, and is to be done again. */
  readonly #retries = new Set<string>();
  /** Keys of Services whose status another controller wrote, until all is well again. */
  readonly #news = new Set<string>();
  #isRetryDue = false;
  #isSlow = false;
  /** Nothing was left to do when the last step was done. */
  #isAtRest = true;
  /** Services as they were when their status was written: nothing is to be done until the watch has told of that. */
  readonly #written = new Map<string, Service>();
  /** What a restart brings back to the subject, and to the model. */
  #saved: { readonly subject: Remembered; readonly model: Memory } = {
    subject: { released: [], setAside: [] },
    model: { releases: [], aside: new Map() },
  };

  constructor(history: History, make: MakeSubject) {
    this.#history = history;
    this.#make = make;
    this.#subject = make(this.#cluster);
    this.#model = this.#newModel();
    this.#setPools();
  }

  async take(step: Step): Promise<void> {
    this.#cluster.advance(STEP_MS);
    const before = this.#shown();
    const isRestartAtRest = step.kind === "restart" && this.#isAtRest;
    this.#isAtRest = false;
    this.#act(step);
    await this.#work();
    if (isRestartAtRest && this.#shown() !== before) {
      throw new Violation(`the restart has changed "${before}" to "${this.#shown()}"`);
    }
  }

  /** The watch tells all, everybody leaves, and every address can be given again. */
  async end(): Promise<void> {
    this.#isSlow = false;
    this.#cluster.disarm();
    this.#cluster.setSilent(false);
    await this.#work();
    for (const key of [...this.#cluster.stored.keys()]) {
      this.#cluster.delete(key);
    }
    await this.#work();
    this.#cluster.advance(LONGEST_HOLD_MS);
    await this.#work();
    await this.#fill();
  }

  writes(before: Service, after: Service): void {
    if (!this.#news.has(before.key)) {
      const stored = [...this.#cluster.stored.values()].filter(({ key }) => !this.#news.has(key));
      expectNoDouble(this.#model, before, after, stored);
    }
  }

  changed(key: string): void {
    this.#cluster.enqueue(key);
  }

  deleted(key: string): void {
    this.#subject.forget(key);
    this.#model.forget(key);
    this.#written.delete(key);
  }

  freed(): void {
    this.#isRetryDue = true;
  }

  /** What every Service shows. */
  #shown(): string {
    return [...this.#cluster.stored.values()]
      .map(({ key, ingress }) => `${key} ${ingress}`)
      .sort()
      .join("; ");
  }

  #act(step: Step): void {
    switch (step.kind) {
      case "pools":
        this.#pools = edited(this.#pools, step.edit);
        this.#setPools();
        break;
      case "put":
        this.#put(step.key, step.fields);
        break;
      case "change":
        this.#change(step.key, step.fields);
        break;
      case "delete":
        this.#cluster.delete(step.key);
        break;
      case "replace":
        this.#cluster.delete(step.key);
        this.#put(step.key, step.fields);
        break;
      case "nodes":
        this.#nodeAddresses = step.addresses;
        this.#setNodeAddresses();
        break;
      case "wait":
        this.#cluster.advance(step.minutes * 60_000);
        break;
      case "restart":
        this.#restart();
        break;
      case "trap":
        this.#cluster.set(step.trap);
        break;
      case "conflict":
        this.#cluster.interfere(({ key }) => this.#change(key, step.fields));
        break;
      case "host":
        this.#meetHost(step);
        break;
      case "watch":
        this.#cluster.setSilent(step.isSilent);
        break;
      case "pace":
        this.#isSlow = step.isSlow;
        break;
      case "double":
        this.#double(step.of, step.into);
        break;
    }
  }

  #put(key: string, fields: ServiceFields): void {
    const old = this.#cluster.stored.get(key);
    const now = new Date(this.#cluster.nowMs()).toISOString();
    const creationTimestamp = `${now.slice(0, 19)}Z`;
    const base = old ?? service(key, { creationTimestamp, uid: `${key} ${now}` });
    this.#cluster.put(written(base, fields));
  }

  #change(key: string, fields: Partial<ServiceFields>): void {
    const old = this.#cluster.stored.get(key);
    if (old !== undefined) {
      this.#cluster.put(written(old, fields));
    }
  }

  #double(of: string, into: string): void {
    const shows = this.#cluster.stored.get(of);
    const target = this.#cluster.stored.get(into);
    // A silent watch would keep it from the controller, which could not know better than to make doubles of it.
    if (shows !== undefined && target !== undefined && !this.#cluster.isSilent) {
      const { annotations, ingress } = shows;
      const pool = annotations["metallb.io/ip-allocated-from-pool"];
      this.#news.add(into);
      this.#cluster.put({
        ...target,
        ingress,
        annotations: {
          ...target.annotations,
          ...(pool !== undefined && { "metallb.io/ip-allocated-from-pool": pool }),
        },
      });
    }
  }

  /** The speakers see all that is stored, whatever the controller's watch has told. */
  #meetHost({ key, isInUse, forAll }: Extract<Step, { readonly kind: "host" }>): void {
    const [ip] = this.#cluster.stored.get(key)?.ingress ?? [];
    for (const service of [...this.#cluster.stored.values()]) {
      const isTold = forAll || service.key === key;
      if (ip !== undefined && isTold && service.ingress.includes(ip)) {
        const when = isInUse ? "in-use" : "first-use";
        this.#cluster.put(toldOfHost(service, ip, when, this.#cluster.nowMs()));
      }
    }
  }

  #newModel(): NaiveController {
    return new NaiveController(this.#cluster.seen, () => this.#cluster.nowMs(), this.#saved.model);
  }

  #restart(): void {
    this.#cluster.relist(this.#history.order);
    this.#retries.clear();
    this.#isRetryDue = false;
    this.#written.clear();
    this.#news.clear();
    this.#subject = this.#make(this.#cluster);
    this.#model = this.#newModel();
    this.#subject.remember(this.#saved.subject);
    this.#setNodeAddresses();
    this.#setPools();
    for (const key of this.#cluster.landLateWrites()) {
      this.#news.add(key);
    }
  }

  #setPools(): void {
    const pools = [...this.#pools].map(([name, fields]) => poolFrom(name, fields));
    this.#model.setPools(pools);
    this.#subject.setPools(pools);
  }

  #setNodeAddresses(): void {
    this.#model.nodeAddresses = new Set(this.#nodeAddresses);
    this.#subject.setNodeAddresses(this.#nodeAddresses.map(parseIp));
  }

  /** When nothing is left to do, what must be true is true. */
  async #work(): Promise<void> {
    const most = this.#isSlow ? 1 : MOST_RECONCILES;
    for (let count = 0; count < most; count += 1) {
      const key = this.#nextKey();
      if (key === undefined) {
        this.#rest();
        return;
      }
      await this.#reconcile(key);
    }
    if (!this.#isSlow) {
      throw new Violation("the controller does not come to rest");
    }
  }

  #rest(): void {
    if (!this.#cluster.isSilent) {
      this.#isAtRest = true;
      this.#news.clear();
      expectSettled(this.#model, [...this.#cluster.stored.values()], this.#subject.usage());
      const { released, setAside } = this.#subject.memory;
      expectSetAside(this.#model, setAside);
      this.#saved = {
        subject: { released: [...released], setAside: [...setAside] },
        model: { releases: this.#model.releases, aside: this.#model.aside },
      };
    }
  }

  /** What failed is tried again when nothing else is left; while the watch is silent it would only fail again. */
  #nextKey(): string | undefined {
    const { queue } = this.#cluster;
    if (this.#cluster.takeAlarm()) {
      this.#subject.wake();
    }
    if (this.#isRetryDue) {
      this.#isRetryDue = false;
      this.#subject.retryWaiting();
    }
    if (queue.size === 0 && !this.#cluster.isSilent) {
      for (const key of this.#retries) {
        queue.add(key);
      }
      this.#retries.clear();
    }
    return queue.values().next().value;
  }

  async #reconcile(key: string): Promise<void> {
    this.#cluster.queue.delete(key);
    this.#cluster.advance(1);
    const before = this.#cluster.seen.get(key);
    const isWritten = before !== undefined && this.#written.get(key) === before;
    const expected = before === undefined || isWritten ? undefined : this.#model.look(before);
    const end = await this.#attempt(key);
    const tried = this.#cluster.takeTried();
    if (before !== undefined && expected !== undefined) {
      expectOutcome(expected, before, tried === undefined ? before : patched(before, tried.patch));
    } else if (tried !== undefined) {
      throw new Violation(`${key} is written to although there is nothing to tell`);
    }
    if (before !== undefined && tried !== undefined && end !== "killed") {
      const carried = tried.patch.status.loadBalancer?.ingress ?? [];
      this.#model.wrote(
        before,
        carried.map(({ ip }) => ip),
        end,
      );
    }
    if (end === "killed") {
      this.#restart();
    } else if (end !== "done") {
      this.#retries.add(key);
    } else if (before !== undefined && tried !== undefined && this.#cluster.stored.has(key)) {
      this.#written.set(key, before);
    }
  }

  async #attempt(key: string): Promise<"done" | "refused" | "unknown" | "killed"> {
    try {
      await this.#subject.reconcile(key, NEVER);
      return "done";
    } catch (error) {
      if (error instanceof KubeError) {
        return error.conflict ? "refused" : "unknown";
      }
      if (error instanceof Killed) {
        return "killed";
      }
      throw error;
    }
  }

  /** A Service for each address, and every one of them gets one. */
  async #fill(): Promise<void> {
    const plain = [...this.#pools].map(([name, { addresses }]) => [name, { addresses }] as const);
    this.#pools = new Map(plain);
    this.#setPools();
    const families = { IPv4: ["10.96.0.1"], IPv6: ["fd00::1"] };
    let count = 0;
    for (const { family, first, last } of this.#model.pools.flatMap(({ ranges }) => ranges)) {
      for (let value = first; value <= last; value += 1n) {
        count += 1;
        const fields = { clusterIps: families[family], ipFamilies: [family] };
        this.#cluster.put(service(`fill/${count}`, fields));
      }
    }
    await this.#work();
    const stored = [...this.#cluster.stored.values()];
    const shown = new Set(stored.flatMap(({ ingress }) => ingress));
    if (shown.size < count) {
      throw new Violation(`${count - shown.size} addresses cannot be given any more`);
    }
  }
}
