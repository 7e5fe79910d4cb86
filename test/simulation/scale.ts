/** How clusters of several sizes fare while packets are lost: the table of docs/design/membership-simulated.md. */

import type { ProfileName } from "#lib/membership/profile.ts";
import type { Scaled, ScaleJob } from "./measure-scale.ts";
import type { Storm, StormJob } from "./measure-storm.ts";
import { playAll } from "./players.ts";
import { percentileIn, tableOf } from "./table.ts";

const LOSSES: readonly number[] = [0, 0.01, 0.03, 0.05];

/** Clusters, and deaths in each: as many as leave most nodes alive. */
const SIZES: readonly {
  readonly nodes: number;
  readonly seeds: number;
  readonly deaths: number;
}[] = [
  { nodes: 2, seeds: 200, deaths: 1 },
  { nodes: 3, seeds: 200, deaths: 1 },
  { nodes: 10, seeds: 60, deaths: 4 },
  { nodes: 100, seeds: 8, deaths: 20 },
  { nodes: 1_000, seeds: 2, deaths: 20 },
];

const HEAD: readonly string[] = [
  "nodes",
  "loss",
  "failovers",
  "p50 ms",
  "p99 ms",
  "max ms",
  "false moves",
  "packets/s per node",
  "at most",
];

/** @param said told each row as soon as it is known */
export async function scaleTable(
  profile: ProfileName,
  said: (sentence: string) => void,
): Promise<string> {
  const rows: (readonly string[])[] = [HEAD];
  for (const { deaths, nodes, seeds } of SIZES) {
    for (const loss of LOSSES) {
      const results: Scaled[] = [];
      const job: ScaleJob = { kind: "scale", nodes, loss, profile, deaths };
      const numbers = Array.from({ length: seeds }, (_, index) => index + 1);
      await playAll<Scaled>({ job, seeds: numbers }, (scaled) => results.push(scaled));
      const row = rowOf(job, results);
      said(row.join("  "));
      rows.push(row);
    }
  }
  return tableOf(rows);
}

const STORMS: readonly { readonly nodes: number; readonly seeds: number }[] = [
  { nodes: 10, seeds: 40 },
  { nodes: 100, seeds: 10 },
  { nodes: 1_000, seeds: 2 },
];

/** @param said told each row as soon as it is known */
export async function stormTable(
  profile: ProfileName,
  said: (sentence: string) => void,
): Promise<string> {
  const rows: (readonly string[])[] = [
    ["what", "nodes", "right after, p50 ms", "at most ms", "packets in the busiest second"],
  ];
  for (const { nodes, seeds } of STORMS) {
    const storms: Storm[] = [];
    const numbers = Array.from({ length: seeds }, (_, index) => index + 1);
    const job: StormJob = { kind: "storm", nodes, profile };
    await playAll<readonly Storm[]>({ job, seeds: numbers }, (each) => storms.push(...each));
    for (const [what, ofOne] of Map.groupBy(storms, (storm) => storm.what)) {
      const times = ofOne.map(({ rightAfterMs }) => rightAfterMs);
      const most = Math.max(...ofOne.map(({ mostPackets }) => mostPackets));
      const row = [
        what,
        nodes.toLocaleString("en"),
        percentileIn(times, 50),
        percentileIn(times, 100),
        `${most}`,
      ];
      said(row.join("  "));
      rows.push(row);
    }
  }
  return tableOf(rows);
}

function rowOf({ loss, nodes }: ScaleJob, results: readonly Scaled[]): readonly string[] {
  const failovers = results.flatMap((result) => result.failovers);
  const packets = results.reduce((sum, result) => sum + result.packets, 0) / results.length;
  return [
    nodes.toLocaleString("en"),
    `${loss * 100} %`,
    `${failovers.length}`,
    ...[50, 99, 100].map((percent) => percentileIn(failovers, percent)),
    `${results.reduce((sum, { falseMoves }) => sum + falseMoves, 0)}`,
    `${Math.round(packets)}`,
    `${Math.round(Math.max(...results.map(({ mostPackets }) => mostPackets)))}`,
  ];
}
