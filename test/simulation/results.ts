/** What came of many seeds. */

import type { Played } from "./play.ts";
import { percentileIn, tableOf } from "./table.ts";

/** More would only scroll by. */
const MOST_SHOWN = 5;

interface OfScenario {
  seeds: number;
  failures: number;
  readonly failovers: number[];
}

export class Results {
  readonly #scenarios = new Map<string, OfScenario>();
  readonly #failed: Played[] = [];
  #count = 0;

  add(played: Played): void {
    const { failures, failovers, scenario } = played;
    const of = this.#scenarios.get(scenario) ?? { seeds: 0, failures: 0, failovers: [] };
    this.#scenarios.set(scenario, of);
    of.seeds += 1;
    of.failovers.push(...failovers);
    this.#count += 1;
    if (failures.length > 0) {
      of.failures += 1;
      this.#failed.push(played);
    }
  }

  get count(): number {
    return this.#count;
  }

  get failed(): readonly Played[] {
    return this.#failed;
  }

  /** Of all scenarios in which owners die, in milliseconds. */
  get failovers(): readonly number[] {
    return [...this.#scenarios.values()].flatMap(({ failovers }) => failovers);
  }

  /** Milliseconds of failover by scenario, in Markdown. */
  get table(): string {
    const rows = [...this.#scenarios]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { failovers, failures, seeds }]) => [
        name,
        `${seeds}`,
        `${failures}`,
        ...[50, 99, 100].map((percent) => percentileIn(failovers, percent)),
      ]);
    return tableOf([["scenario", "seeds", "failed", "p50", "p99", "max"], ...rows]);
  }

  /** The first seeds that failed, each with the command that plays it again. */
  get complaints(): string {
    const first = this.#failed.toSorted((a, b) => a.seed - b.seed).slice(0, MOST_SHOWN);
    return first.map(complaintOf).join("\n");
  }
}

function complaintOf(played: Played): string {
  const { failures, nodes, profile, scenario, seed } = played;
  const [first] = failures;
  const what =
    first === undefined ? "" : `${first.promise} at ${Math.round(first.at)} ms: ${first.what}`;
  return [
    `seed ${seed}, ${scenario}, ${nodes} nodes: ${what}`,
    `  ${replayOf({ nodes, profile, scenario, seed })}`,
  ].join("\n");
}

function replayOf({
  nodes,
  profile,
  scenario,
  seed,
}: Pick<Played, "nodes" | "profile" | "scenario" | "seed">): string {
  return `make simulate SEED=${seed} NODES=${nodes} PROFILE=${profile} SCENARIO="${scenario}"`;
}
