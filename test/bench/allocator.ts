/** What the allocator alone needs, measured in a process of its own that Node runs as the image has it. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { nodeFlags } from "#test/lab/herald.ts";
import { run } from "#test/lab/run.ts";
import { svgOf } from "./chart.ts";
import { type Figure, medianFigures } from "./figures.ts";
import type { BenchOptions } from "./options.ts";
import { Core, onCore } from "./pinning.ts";
import { percentile } from "./statistics.ts";

/** One number a run. */
export interface AllocatorResult {
  readonly tenThousandMs: readonly number[];
  readonly wholePoolMs: readonly number[];
  readonly refusalUs: readonly number[];
  readonly reclaimMs: readonly number[];
  readonly poolsMs: readonly number[];
  readonly churn: readonly Churn[];
}

/** What an allocation and a release take together while so many addresses are in use. */
export interface Churn {
  readonly inUse: number;
  readonly ns: readonly number[];
}

const PROGRAM = path.join(import.meta.dirname, "allocator/main.ts");
const LIMIT_MS = 300_000;

export async function measureAllocator({
  output,
  progress,
}: BenchOptions): Promise<AllocatorResult> {
  progress("the allocator alone: 11 runs of each case, under a minute");
  const node = [process.execPath, [...nodeFlags("controller"), PROGRAM]] as const;
  const [command, args] = onCore(Core.measured, node);
  const result: AllocatorResult = JSON.parse(await run(command, args, { withinMs: LIMIT_MS }));
  writeFileSync(path.join(output, "allocator.svg"), svgOf(chartOf(result)));
  return result;
}

export function allocatorFigures(result: AllocatorResult): readonly Figure[] {
  const medians = result.churn.map(({ ns }) => percentile(ns, 50));
  const [first = 0, last = 0] = [medians[0], medians.at(-1)];
  const [least, most] = [result.churn[0]?.inUse ?? 0, result.churn.at(-1)?.inUse ?? 0];
  const us = (ns: readonly number[] = []) => ns.map((value) => value / 1000);
  return [
    ...medianFigures("allocator: 10,000 Services in a /16", result.tenThousandMs, "ms", 50),
    ...medianFigures("allocator: 65,536 in a /16", result.wholePoolMs, "ms", 500),
    ...medianFigures("allocator: a refusal, the /16 full", result.refusalUs, "µs", 20),
    ...medianFigures("allocator: 10,000 claimed at start", result.reclaimMs, "ms", 30),
    ...medianFigures("allocator: 1,000 pools of 10 ranges", result.poolsMs, "ms", 50),
    ...medianFigures(`allocate and release, ${least} in use`, us(result.churn[0]?.ns), "µs"),
    ...medianFigures(`allocate and release, ${most} in use`, us(result.churn.at(-1)?.ns), "µs"),
    { name: `  ${most} in use to ${least}`, value: last / first, unit: "×" },
  ];
}

function chartOf({ churn }: AllocatorResult) {
  return {
    title: "One allocation and one release",
    x: "addresses in use",
    y: "ns",
    points: churn.map(({ inUse, ns }) => ({
      x: inUse,
      y: percentile(ns, 50),
      range: [Math.min(...ns), Math.max(...ns)] as const,
    })),
  };
}
