/** What is told of many Services created at once. */

import { type Figure, medianFigures, type Unit, worstFigure } from "#test/bench/figures.ts";
import type { ServedRun, ServicesResult } from "#test/bench/services.ts";

/** So many pending Services are to have their addresses in three seconds. */
const PENDING_BOUND_COUNT = 1000;
const RSS_BOUND = 150;

export function servicesFigures(results: readonly ServicesResult[]): readonly Figure[] {
  return results.flatMap((result) => {
    const of = `${result.count.toLocaleString("en")} Services`;
    return [...loadFigures(of, result), ...writeFigures(of, result), ...restartFigures(of, result)];
  });
}

function loadFigures(of: string, { rounds }: ServicesResult): readonly Figure[] {
  const alone = rounds.map((round) => round.alone.createSeconds);
  const served = rounds.map((round) => round.served.seconds);
  const ratios = rounds.map((round) => round.served.seconds / round.alone.createSeconds);
  const apiServer = rounds.map(
    (round) => round.served.processor.apiServer / round.alone.processor.apiServer,
  );
  const controller = rounds.map((round) => round.served.processor.controller);
  return [
    ...medianFigures(`${of}: created, the API server alone`, alone, "s"),
    { name: "  slowest to fastest", value: Math.max(...alone) / Math.min(...alone), unit: "×" },
    ...medianFigures(`${of}: to the last address`, served, "s"),
    ...medianFigures(`${of}: to the last address, to alone`, ratios, "×", 1.5),
    ...medianFigures(`${of}: API server's processor time, to alone`, apiServer, "×"),
    ...medianFigures(`${of}: controller's processor time`, controller, "s"),
  ];
}

function writeFigures(of: string, { count, rounds }: ServicesResult): readonly Figure[] {
  const worst = worstOf(
    of,
    rounds.map((round) => round.served),
  );
  const status = (run: ServedRun) => sum(run, ["PATCH services/status", "PUT services/status"]);
  // The first comes at once, and the others at the pace.
  const poolStatus = (run: ServedRun) =>
    (sum(run, ["PATCH ipaddresspools/status", "PUT ipaddresspools/status"]) - 1) /
    run.writesSeconds;
  return [
    worst("writes of status beyond one each", (run) => status(run) - count, "", 0),
    worst("Events beyond one each", (run) => run.events - count, "", 0),
    worst("without an Event", (run) => run.servicesWithoutEvent, "", 0),
    worst("writes of pool status", poolStatus, "per s", 1),
  ];
}

function restartFigures(of: string, { count, rounds }: ServicesResult): readonly Figure[] {
  const worst = worstOf(of, rounds);
  const pendingBound = count <= PENDING_BOUND_COUNT ? 3 : undefined;
  return [
    worst("controller, RSS", ({ served }) => served.rss, "MiB", RSS_BOUND),
    worst("restart, RSS", ({ served }) => served.restart.rss, "MiB", RSS_BOUND),
    worst("restart, first address", ({ served }) => served.restart.seconds, "s", 3),
    worst("restart, Services written", ({ served }) => served.restart.written, "", 0),
    worst("restart, addresses changed", ({ served }) => served.restart.changed, "", 0),
    worst("pending at start", ({ alone }) => alone.pendingSeconds, "s", pendingBound),
  ];
}

function worstOf<Run>(of: string, runs: readonly Run[]) {
  return (name: string, value: (run: Run) => number, unit: Unit, bound?: number) =>
    worstFigure(`${of}: ${name}`, runs.map(value), unit, bound);
}

function sum({ writes }: ServedRun, names: readonly string[]): number {
  return names.reduce((all, name) => all + (writes[name] ?? 0), 0);
}
