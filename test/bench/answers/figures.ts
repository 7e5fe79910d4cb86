/** What is told of the answers. */

import type { AnswersResult } from "#test/bench/answers.ts";
import { type Figure, medianFigures, worstFigure } from "#test/bench/figures.ts";
import { percentile, summarize } from "#test/bench/statistics.ts";
import type { EnduranceResult } from "./endurance.ts";
import type { ReferenceResult } from "./reference.ts";
import type { FloodRun, SaturationResult } from "./saturation.ts";
import type { TakeoverResult } from "./takeover.ts";

const PROTOCOL = { IPv4: "ARP", IPv6: "NDP" } as const;
/** Thousands of answers a second. */
const LEAST = { IPv4: 300, IPv6: 200 } as const;
/** Of the slowest number of addresses to the fastest. */
const LEAST_FLATNESS = 0.85;
const MOST_FOREIGN_PERCENT = 5;
const MOST_P99_US = 100;
const MOST_RSS = 130;
const MOST_HEARTBEAT_LATE_MS = 50;
const MOST_TAKEOVER_MS = 200;
/** The rate by default, and what may leave at once when the thread woke up late. */
const MOST_IN_A_SECOND = 5_100;
/** Node's heap grows and shrinks by more than nothing; a leak of a kilobyte a flap would be all of it. */
const MOST_MORE_MEMORY = 20;
const MOST_LOG_LINES = 20;

export function answersFigures({
  reference,
  saturation,
  endurance,
  takeover,
}: AnswersResult): readonly Figure[] {
  return [
    ...referenceFigures(reference),
    ...saturation.flatMap(saturationFigures),
    ...flatnessFigures(saturation),
    ...takeoverFigures(takeover),
    ...enduranceFigures(endurance),
  ];
}

/** Without bounds: it is what the machine can do. */
function referenceFigures({ kernel, loop }: ReferenceResult): readonly Figure[] {
  return [
    ...latencyFigures("ARP by the kernel", kernel.IPv4),
    ...latencyFigures("NDP by the kernel", kernel.IPv6),
    ...latencyFigures("ARP by a loop in C", loop),
  ];
}

function latencyFigures(of: string, values: readonly number[], bound?: number): readonly Figure[] {
  const { p50, p99 } = summarize(values);
  const unit = "µs";
  return [
    { name: `${of}: latency at 10,000/s, p50`, value: p50, unit },
    {
      name: `${of}: latency at 10,000/s, p99`,
      value: p99,
      unit,
      ...(bound !== undefined && { bound }),
    },
    { name: "  p99.9", value: percentile(values, 99.9), unit },
  ];
}

function saturationFigures(result: SaturationResult): readonly Figure[] {
  const { family, addresses, floods, toGroups, latenciesUs, foreignPercent, rss } = result;
  const of = `${PROTOCOL[family]}, ${addresses.toLocaleString("en")} addresses`;
  const answers = thousands(floods);
  return [
    {
      name: `${of}: answers, saturated`,
      value: percentile(answers, 50),
      unit: "k/s",
      atLeast: LEAST[family],
    },
    { name: "  min", value: Math.min(...answers), unit: "k/s" },
    { name: "  asked", value: percentile(asked(floods), 50), unit: "k/s" },
    { name: "  processor time of one", value: percentile(costs(floods), 50), unit: "µs" },
    ...(toGroups.length === 0
      ? []
      : medianFigures(`${of}: answers, to groups`, thousands(toGroups), "k/s")),
    ...latencyFigures(of, latenciesUs, MOST_P99_US),
    ...medianFigures(
      `${of}: processor, 300,000/s foreign`,
      foreignPercent,
      "%",
      MOST_FOREIGN_PERCENT,
    ),
    { name: `${of}: speaker, RSS`, value: rss, unit: "MiB", bound: MOST_RSS },
  ];
}

/** How much slower the slowest number of addresses is than the fastest, of each protocol. */
function flatnessFigures(results: readonly SaturationResult[]): readonly Figure[] {
  const byFamily = Object.groupBy(results, ({ family }) => family);
  return Object.entries(byFamily).map(([family, group]) => {
    const medians = group.map(({ floods }) => percentile(thousands(floods), 50));
    return {
      name: `${PROTOCOL[family as keyof typeof PROTOCOL]}: slowest number of addresses to fastest`,
      value: Math.min(...medians) / Math.max(...medians),
      unit: "×",
      atLeast: LEAST_FLATNESS,
    };
  });
}

function takeoverFigures(result: TakeoverResult): readonly Figure[] {
  const of = "10,000 addresses taken over";
  return [
    ...medianFigures(`${of}: first to last`, result.allAnnouncedMs, "ms", MOST_TAKEOVER_MS),
    worstFigure(`${of}: left out`, [result.leftOut], "", 0),
    worstFigure(
      `${of}: frames in a second, by default`,
      [result.mostInASecond],
      "",
      MOST_IN_A_SECOND,
    ),
    worstFigure(
      `${of}: place of the last of ${result.requested} asked for`,
      [result.lastRequestedPlace],
      "",
      result.requested,
    ),
  ];
}

function enduranceFigures(result: EnduranceResult): readonly Figure[] {
  const { heartbeatLateMs, memberChanges, wrong, flaps } = result;
  return [
    worstFigure("flood: heartbeat late", heartbeatLateMs, "ms", MOST_HEARTBEAT_LATE_MS),
    worstFigure("flood: members held dead or alive again", [memberChanges], "", 0),
    ...wrong.flatMap(({ family, answered, dropped, logLines, moreMemory }) => {
      const of = `${PROTOCOL[family]}, wrong frames`;
      return [
        worstFigure(`${of}: answered`, [answered], "", 0),
        { name: "  dropped with a reason", value: dropped, unit: "" } as const,
        worstFigure(`${of}: log lines`, [logLines], "", MOST_LOG_LINES),
        worstFigure(`${of}: more memory`, [moreMemory], "MiB", MOST_MORE_MEMORY),
      ];
    }),
    worstFigure(`${flaps.count} flaps: more descriptors`, [flaps.moreDescriptors], "", 0),
    worstFigure(`${flaps.count} flaps: more memory`, [flaps.moreMemory], "MiB", MOST_MORE_MEMORY),
  ];
}

function thousands(floods: readonly FloodRun[]): readonly number[] {
  return floods.map(({ answersPerSecond }) => answersPerSecond / 1_000);
}

function asked(floods: readonly FloodRun[]): readonly number[] {
  return floods.map(({ sentPerSecond }) => sentPerSecond / 1_000);
}

function costs(floods: readonly FloodRun[]): readonly number[] {
  return floods.map(({ usPerAnswer }) => usPerAnswer);
}
