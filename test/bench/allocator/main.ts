/**
 * The allocator alone, without a cluster: lib/allocation at work on what a controller would give it. Prints, as one JSON
 * object, how long each run of each case took. Usage: main.ts, with the flags that the image gives to Node.
 */

import { writeSync } from "node:fs";
import { formatIp, type Ip, parseIp } from "#lib/address/ip.ts";
import { Allocations } from "#lib/allocation/allocations.ts";
import { claimAll } from "#lib/allocation/claim.ts";
import { decide } from "#lib/allocation/decide.ts";
import { parsePools } from "#lib/api/parse-pools.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import { service } from "#lib/api/testing/fixture.ts";
import type { AllocatorResult, Churn } from "#test/bench/allocator.ts";

const RUNS = 10;
/** Half of the block that RFC 2544 sets aside for benchmarks, and all of it. */
const SLASH_16 = "198.18.0.0/16";
const SLASH_15 = "198.18.0.0/15";
const IN_SLASH_16 = 65_536;
const MANY = 10_000;
const REFUSALS = 1000;
const POOLS = 1000;
const RANGES = 10;
/** Of each range; so many ranges of 6 fit into a /16. */
const RANGE_STRIDE = 6;
const RANGE_SIZE = 4;
const IN_USE = [1000, 2000, 4000, 8000, 16_000, 32_000, IN_SLASH_16];
/** So many are released, and then as many allocated, a few times a run. */
const BATCH = 500;
const BATCHES = 8;
/** Prime to every number in use, so that those released lie all over the pool. */
const STEP = 7919;

const all = servicesNamed("web", IN_SLASH_16);
const many = all.slice(0, MANY);

const result: AllocatorResult = {
  tenThousandMs: await timed(emptyPool, (allocations) => allocateAll(allocations, many)),
  wholePoolMs: await timed(emptyPool, (allocations) => allocateAll(allocations, all)),
  refusalUs: await refusals(),
  reclaimMs: await reclaims(),
  poolsMs: await timed(manyPools, load),
  churn: IN_USE.map(churn),
};
writeSync(1, `${JSON.stringify(result)}\n`);

/** Milliseconds of each run after the first, which warms up. */
async function timed<Input>(
  prepare: () => Input,
  work: (input: Input) => void,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const input = prepare();
    // What an earlier run has queued, such as its garbage, is no part of this one.
    await new Promise(setImmediate);
    const began = performance.now();
    work(input);
    times.push(performance.now() - began);
  }
  return times.slice(1);
}

async function reclaims(): Promise<readonly number[]> {
  const assigned = withAddresses(many);
  return await timed(emptyPool, (allocations) => claimAll(allocations, assigned));
}

/** Microseconds of each refusal, on average of a run. */
async function refusals(): Promise<readonly number[]> {
  const full = emptyPool();
  allocateAll(full, all);
  const late = servicesNamed("late", REFUSALS);
  const times = await timed(
    () => full,
    (allocations) => {
      for (const each of late) {
        const decision = decide(allocations, each);
        expectKind(decision.kind, "refuse");
        allocations.vacate(each);
      }
    },
  );
  return times.map((ms) => (ms * 1000) / REFUSALS);
}

/** Nanoseconds that an allocation and a release take together, on average of a run. */
function churn(inUse: number): Churn {
  const allocations = new Allocations("metallb-system", Date.now);
  allocations.setPools(poolsOf([rawPool("lab", [SLASH_15])]));
  const holders = servicesNamed("web", inUse);
  allocateAll(allocations, holders);
  let next = 0;
  const runs = Array.from({ length: RUNS + 1 }, (_, run) => {
    const batches = Array.from({ length: BATCHES }, (__, batch) =>
      servicesNamed(`new-${run}-${batch}`, BATCH),
    );
    const began = performance.now();
    for (const newcomers of batches) {
      const places = newcomers.map(() => {
        next = (next + STEP) % inUse;
        return next;
      });
      for (const place of places) {
        allocations.forget((holders[place] as Service).key);
      }
      allocateAll(allocations, newcomers);
      for (const [index, place] of places.entries()) {
        holders[place] = newcomers[index] as Service;
      }
    }
    return ((performance.now() - began) * 1e6) / (BATCH * BATCHES);
  });
  return { inUse, ns: runs.slice(1) };
}

function allocateAll(allocations: Allocations, services: readonly Service[]): void {
  for (const each of services) {
    const decision = decide(allocations, each);
    if (decision.kind === "refuse") {
      throw new Error(`${each.key} was refused: ${decision.message}`);
    }
    allocations.allocate(each, decision.ips);
  }
}

function expectKind(kind: string, wanted: string): void {
  if (kind !== wanted) {
    throw new Error(`The decision is to ${kind}, not to ${wanted}`);
  }
}

function emptyPool(): Allocations {
  return load([rawPool("lab", [SLASH_16])]);
}

function load(raw: readonly unknown[]): Allocations {
  const allocations = new Allocations("metallb-system", Date.now);
  allocations.setPools(poolsOf(raw));
  return allocations;
}

function poolsOf(raw: readonly unknown[]): readonly Pool[] {
  const parsed = parsePools(raw, []);
  if (parsed.kind === "problems") {
    throw new Error(parsed.problems.map(({ message }) => message).join("; "));
  }
  return parsed.value;
}

/** As the watch gives them: each with its own ranges of a few addresses. */
function manyPools(): readonly unknown[] {
  return Array.from({ length: POOLS }, (_, pool) =>
    rawPool(
      `pool-${pool}`,
      Array.from({ length: RANGES }, (__, range) => {
        const first = addressAt((pool * RANGES + range) * RANGE_STRIDE);
        const last = { ...first, value: first.value + BigInt(RANGE_SIZE - 1) };
        return `${formatIp(first)}-${formatIp(last)}`;
      }),
    ),
  );
}

function rawPool(name: string, addresses: readonly string[]): unknown {
  return { metadata: { name, namespace: "metallb-system" }, spec: { addresses } };
}

function servicesNamed(prefix: string, count: number): readonly Service[] & Service[] {
  return Array.from({ length: count }, (_, index) => service(`default/${prefix}-${index}`));
}

/** The same Services when their status shows an address, from the last of the pool downwards. */
function withAddresses(services: readonly Service[]): readonly Service[] {
  return services.map((each, index) => ({
    ...each,
    ingress: [formatIp(addressAt(IN_SLASH_16 - 1 - index))],
  }));
}

function addressAt(index: number): Ip {
  const first = parseIp(SLASH_16.split("/")[0] as string);
  return { ...first, value: first.value + BigInt(index) };
}
