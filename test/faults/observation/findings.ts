/** What is found in a record by looking at it alone: how long the address was not to be reached, and whose it was said to be. */

import {
  ASK_EVERY_MS,
  type ObservationRecord,
  type Saying,
  SEND_EVERY_MS,
  type Span,
} from "./record.ts";

export interface Findings {
  /** The longest time in which no packet came back. */
  readonly longestGapMs: number;
  /** Packets that left and never came back. */
  readonly lost: number;
  readonly sent: number;
  /** How often another MAC than before was said to have the address. */
  readonly changes: number;
  /** Stretches in which two MACs were said to have it in turn, and the longest of them. */
  readonly contests: number;
  readonly longestContestMs: number;
  /** Sayings with a MAC that nobody has. */
  readonly wrong: number;
  /** The longest time in which no question was answered. */
  readonly longestSilenceMs: number;
}

export interface Acquaintance {
  /** MACs of the nodes. */
  readonly nodes: ReadonlySet<string>;
  /** MACs of hosts that are to claim the address wrongly; what they say is passed over. */
  readonly strangers: ReadonlySet<string>;
}

/** Who was heard within this time, and is heard again, is held to have spoken all the while. */
const STILL_SPEAKING_MS = 1_000;
/** A frame of the former owner may be overtaken by the first one of the next. */
const HANDOVER_MS = 20;

/** Looks at a part of a record that has ended; a part that goes beyond its ends is cut. */
export function findIn(
  record: ObservationRecord,
  span: Span,
  { nodes, strangers }: Acquaintance,
): Findings {
  const within = clip(record, span);
  const said = record.sayings.filter(
    ({ atMs, mac }) => atMs >= within.fromMs && atMs <= within.toMs && !strangers.has(mac),
  );
  const right = said.filter(({ mac }) => nodes.has(mac));
  const contests = contestsAmong(right);
  return {
    longestGapMs: longestPause(
      record.answers.map(({ atMs }) => atMs),
      within,
    ),
    ...packetsOf(record, within),
    changes: changesAmong(right),
    contests: contests.length,
    longestContestMs: Math.max(0, ...contests.map(lengthOf)),
    wrong: said.length - right.length,
    longestSilenceMs: longestPause(
      right.filter(({ kind }) => kind === "reply").map(({ atMs }) => atMs),
      within,
    ),
  };
}

/** Of what several observers saw at one time, the worst. */
export function worstOf(findings: readonly Findings[]): Findings {
  const worst = (pick: (one: Findings) => number) => Math.max(0, ...findings.map(pick));
  const sum = (pick: (one: Findings) => number) =>
    findings.map(pick).reduce((total, value) => total + value, 0);
  return {
    longestGapMs: worst(({ longestGapMs }) => longestGapMs),
    lost: sum(({ lost }) => lost),
    sent: sum(({ sent }) => sent),
    changes: worst(({ changes }) => changes),
    contests: worst(({ contests }) => contests),
    longestContestMs: worst(({ longestContestMs }) => longestContestMs),
    wrong: sum(({ wrong }) => wrong),
    longestSilenceMs: worst(({ longestSilenceMs }) => longestSilenceMs),
  };
}

/** The one MAC that had the address in all that time, which was reached all the while; else why there is none. */
export function steadyOwner(
  record: ObservationRecord,
  span: Span,
): { readonly mac: string } | { readonly why: string } {
  const gapMs = longestPause(
    record.answers.map(({ atMs }) => atMs),
    span,
  );
  if (gapMs > ASK_EVERY_MS) {
    return { why: `no packet came back for ${Math.round(gapMs)} ms` };
  }
  const said = record.sayings.filter(({ atMs }) => atMs >= span.fromMs && atMs <= span.toMs);
  const [mac, ...others] = new Set(said.map((saying) => saying.mac));
  return mac === undefined || others.length > 0
    ? { why: `${[mac, ...others].join(" and ") || "nobody"} was said to have the address` }
    : { mac };
}

/** Stretches in which two MACs spoke in turn: one was heard between two words of the other. */
function contestsAmong(sayings: readonly Saying[]): readonly Span[] {
  const macs = [...new Set(sayings.map(({ mac }) => mac))];
  const speeches = macs.map((mac) =>
    speechOf(sayings.filter((saying) => saying.mac === mac).map(({ atMs }) => atMs)),
  );
  return speeches.flatMap((speech, index) =>
    speeches
      .slice(index + 1)
      .flat()
      .flatMap((two) => speech.flatMap((one) => contestOf(one, two))),
  );
}

/** The one stretch in which both spoke, or none. */
function contestOf(one: Span, two: Span): readonly Span[] {
  const [earlier, later] = one.fromMs <= two.fromMs ? [one, two] : [two, one];
  const both = { fromMs: later.fromMs, toMs: Math.min(earlier.toMs, later.toMs) };
  const isHandover = earlier.toMs < later.toMs && lengthOf(both) <= HANDOVER_MS;
  return lengthOf(both) < 0 || isHandover ? [] : [both];
}

/** The stretches in which one MAC was heard again and again. */
function speechOf(times: readonly number[]): readonly Span[] {
  const spans: Span[] = [];
  for (const atMs of times) {
    const last = spans.at(-1);
    if (last !== undefined && atMs - last.toMs <= STILL_SPEAKING_MS) {
      spans[spans.length - 1] = { fromMs: last.fromMs, toMs: atMs };
    } else {
      spans.push({ fromMs: atMs, toMs: atMs });
    }
  }
  return spans;
}

function changesAmong(sayings: readonly Saying[]): number {
  return sayings.filter(({ mac }, index) => index > 0 && mac !== sayings[index - 1]?.mac).length;
}

function packetsOf(
  { beganAtMs, answers }: ObservationRecord,
  { fromMs, toMs }: Span,
): Pick<Findings, "lost" | "sent"> {
  const first = Math.ceil((fromMs - beganAtMs) / SEND_EVERY_MS);
  const end = Math.ceil((toMs - beganAtMs) / SEND_EVERY_MS);
  const numbers = answers.map(({ number }) => number);
  const returned = new Set(numbers.filter((number) => number >= first && number < end));
  const sent = Math.max(0, end - first);
  return { sent, lost: sent - returned.size };
}

/** The longest time between two that follow each other, or between one and an end of the span. */
function longestPause(times: readonly number[], { fromMs, toMs }: Span): number {
  let longest = 0;
  let last = fromMs;
  for (const atMs of times) {
    if (atMs > fromMs && atMs <= toMs) {
      longest = Math.max(longest, atMs - last);
      last = Math.max(last, atMs);
    }
  }
  return Math.max(longest, toMs - last);
}

function clip({ beganAtMs, endedAtMs }: ObservationRecord, { fromMs, toMs }: Span): Span {
  return { fromMs: Math.max(fromMs, beganAtMs), toMs: Math.min(toMs, endedAtMs ?? toMs) };
}

function lengthOf({ fromMs, toMs }: Span): number {
  return toMs - fromMs;
}
