/** Where the time goes between a Service and its first answer, told by the debug lines of controller and speaker. */

import type { LogLine } from "#test/lab/log-file.ts";
import { mean } from "./statistics.ts";

/** One Service, made and answered. */
export interface Journey {
  readonly name: string;
  readonly ip: string;
  /** Of the Service as it was created. */
  readonly resourceVersion: string;
  /** When the creator heard that it was created. Milliseconds since 1970, as all here. */
  readonly heardAtMs: number;
  readonly answeredAtMs: number;
}

/** In the order in which they are passed. */
export const HOPS = [
  "watch: the controller sees the Service",
  "decision: it has an address",
  "PATCH: its status is written",
  "watch: the speaker sees the address",
  "election: the row is sent",
  "thread: the row is taken",
  "thread: the kernel lets requests through",
  "wire: the next request is answered",
] as const;
export type Hop = (typeof HOPS)[number];

/** Milliseconds spent in each. */
export type Hops = Readonly<Record<Hop, number>>;

/**
 * Finds the journey in the two logs. It begins when the Service exists: when its creator has heard so, or when the
 * controller has, which is often sooner.
 *
 * @param speaker the log of the node that answered
 * @throws {Error} when a line is missing
 */
export function hopsOf(
  journey: Journey,
  controller: readonly LogLine[],
  speaker: readonly LogLine[],
): Hops {
  const service = `default/${journey.name}`;
  const controllerSaw = find(controller, SEEN, { resourceVersion: journey.resourceVersion });
  const decided = find(controller, "decided", { service });
  const written = find(controller, "status written", { service });
  const { resourceVersion } = written.line;
  const speakerSaw = find(speaker, SEEN, { resourceVersion });
  const sent = find(speaker, "row sent to the network thread", { service });
  const taken = find(speaker, "row taken by the network thread", { service });
  const open = find(speaker, "filter set", { link: LAN_DEVICE }, taken.atMs);
  // The watch may bring the address before the PATCH has its answer.
  const writtenAtMs = Math.min(written.atMs, speakerSaw.atMs);
  const times = [
    Math.min(journey.heardAtMs, controllerSaw.atMs),
    controllerSaw.atMs,
    decided.atMs,
    writtenAtMs,
    speakerSaw.atMs,
    sent.atMs,
    taken.atMs,
    open.atMs,
    journey.answeredAtMs,
  ];
  const spent = HOPS.map((hop, index) => [hop, (times[index + 1] ?? 0) - (times[index] ?? 0)]);
  return Object.fromEntries(spent) as Record<Hop, number>;
}

/** Milliseconds from the existence of the Service to its first answer. */
export function totalOf(hops: Hops): number {
  return HOPS.reduce((sum, hop) => sum + hops[hop], 0);
}

export function meanHops(all: readonly Hops[]): Hops {
  const means = HOPS.map((hop) => [hop, mean(all.map((hops) => hops[hop]))]);
  return Object.fromEntries(means) as Record<Hop, number>;
}

/** Of every machine of the lab, on the LAN. */
const LAN_DEVICE = "eth0";
const SEEN = "watched object changed";

interface Found {
  readonly line: LogLine;
  readonly atMs: number;
}

function find(
  lines: readonly LogLine[],
  msg: string,
  fields: Readonly<Record<string, unknown>>,
  fromMs = 0,
): Found {
  const wanted = Object.entries({ msg, ...fields });
  for (const line of lines) {
    const { atMs } = line;
    const isWanted = wanted.every(([field, value]) => line[field] === value);
    if (isWanted && typeof atMs === "number" && atMs >= fromMs) {
      return { line, atMs };
    }
  }
  throw new Error(`A log has no line "${msg}" with ${JSON.stringify(fields)}`);
}
