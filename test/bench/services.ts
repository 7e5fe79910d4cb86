/**
 * Many Services created at once, with Herald and without: what it adds to the time that the API server takes by itself,
 * what it writes, and how it comes back when it is killed. Each run has a new cluster, for an API server becomes slower
 * with every object it ever had.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { BenchOptions } from "./options.ts";
import { type ApiWrites, writesSince } from "./services/api-writes.ts";
import { type ProcessorSeconds, Scene, type Shown } from "./services/scene.ts";

/** No controller runs until all Services are there. */
export interface AloneRun {
  readonly createSeconds: number;
  readonly processor: ProcessorSeconds;
  /** From the start of the controller to the last address. */
  readonly pendingSeconds: number;
  /** Until all was written, Events too. */
  readonly pendingProcessor: ProcessorSeconds;
}

/** The controller runs all the time. */
export interface ServedRun {
  readonly createSeconds: number;
  /** From the first creation to the last address. */
  readonly seconds: number;
  /** Until all was written, Events too. */
  readonly processor: ProcessorSeconds;
  /** Those of others too. */
  readonly writes: ApiWrites;
  /** In which they were counted. */
  readonly writesSeconds: number;
  /** How many the controller wrote about Services. */
  readonly events: number;
  readonly servicesWithoutEvent: number;
  /** MiB, of the controller. */
  readonly rss: number;
  readonly restart: Restart;
}

/** The controller was killed, a Service created, and the controller started. */
export interface Restart {
  /** From the start to the address of that Service. */
  readonly seconds: number;
  /** Of the other Services, until the controller was at rest. */
  readonly written: number;
  readonly changed: number;
  /** MiB, of the controller. */
  readonly rss: number;
}

export interface ServicesResult {
  readonly count: number;
  readonly rounds: readonly { readonly alone: AloneRun; readonly served: ServedRun }[];
}

/** Minutes each. */
const MANY = 10_000;
const ROUNDS = 5;
const ROUNDS_OF_MANY = 3;
const LATE = "late";
const LOOK_EVERY_MS = 10;
const RESTART_LIMIT_MS = 120_000;

export async function measureServices(options: BenchOptions): Promise<readonly ServicesResult[]> {
  const results: ServicesResult[] = [];
  for (const count of options.serviceCounts) {
    const total = count < MANY ? ROUNDS : ROUNDS_OF_MANY;
    const rounds: { alone: AloneRun; served: ServedRun }[] = [];
    for (let round = 1; round <= total; round += 1) {
      const what = `${count} Services, round ${round} of ${total}`;
      options.progress(`${what}: the API server alone, then a controller that finds them pending`);
      const alone = await createAlone(count, options);
      options.progress(`${what}: with the controller, and its restart`);
      rounds.push({ alone, served: await createServed(count, options) });
    }
    results.push({ count, rounds });
  }
  return results;
}

async function createAlone(count: number, options: BenchOptions): Promise<AloneRun> {
  await using scene = await Scene.start(options);
  await scene.stopController();
  const before = scene.processorSeconds();
  const { firstAtMs, lastAtMs } = await scene.createServices(count);
  const between = scene.processorSeconds();
  const processor = secondsSince(before, between);
  const beganAtMs = await scene.startController();
  const pendingSeconds = ((await scene.lastAllocationAtMs(count)) - beganAtMs) / 1000;
  await scene.rest();
  const pendingProcessor = secondsSince(between, scene.processorSeconds());
  await scene.shown();
  const createSeconds = (lastAtMs - firstAtMs) / 1000;
  return { createSeconds, processor, pendingSeconds, pendingProcessor };
}

async function createServed(count: number, options: BenchOptions): Promise<ServedRun> {
  await using scene = await Scene.start(options);
  const countingSince = performance.now();
  const writesBefore = await scene.writes();
  const before = scene.processorSeconds();
  const { firstAtMs, lastAtMs } = await scene.createServices(count);
  const allocatedAtMs = await scene.lastAllocationAtMs(count);
  await scene.rest();
  const processor = secondsSince(before, scene.processorSeconds());
  const writes = writesSince(writesBefore, await scene.writes());
  const writesSeconds = (performance.now() - countingSince) / 1000;
  const told = await scene.servicesOfEvents();
  const { rss } = scene.controllerMemory;
  const restart = await killAndStart(scene);
  return {
    createSeconds: (lastAtMs - firstAtMs) / 1000,
    seconds: (allocatedAtMs - firstAtMs) / 1000,
    processor,
    writes,
    writesSeconds,
    events: told.length,
    servicesWithoutEvent: count - new Set(told).size,
    rss,
    restart,
  };
}

async function killAndStart(scene: Scene): Promise<Restart> {
  const before = await scene.shown();
  await scene.killController();
  await scene.createService(LATE);
  const beganAtMs = await scene.startController();
  const seconds = ((await addressSeenAtMs(scene)) - beganAtMs) / 1000;
  await scene.rest();
  const after = await scene.shown();
  const differing = (field: keyof Shown) =>
    [...before].filter(([name, shown]) => after.get(name)?.[field] !== shown[field]).length;
  return {
    seconds,
    written: differing("version"),
    changed: differing("ip"),
    rss: scene.controllerMemory.rss,
  };
}

async function addressSeenAtMs(scene: Scene): Promise<number> {
  for (const began = performance.now(); performance.now() - began < RESTART_LIMIT_MS; ) {
    if ((await scene.addressOf(LATE)) !== undefined) {
      return Date.now();
    }
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(
    `A controller that was killed and started gave no address in ${RESTART_LIMIT_MS} ms`,
  );
}

function secondsSince(before: ProcessorSeconds, after: ProcessorSeconds): ProcessorSeconds {
  return {
    apiServer: after.apiServer - before.apiServer,
    etcd: after.etcd - before.etcd,
    controller: after.controller - before.controller,
  };
}
