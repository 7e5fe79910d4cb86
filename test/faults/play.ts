/** Inflicts one fault once, and says what was seen. */

import { boundsOf, type Fault } from "./fault.ts";
import type { Findings } from "./observation/findings.ts";
import { findInAll, type SeenRecord } from "./observation/observation.ts";
import type { Span } from "./observation/record.ts";
import type { Scene, Subject } from "./scene.ts";
import { type Check, type Mark, Story } from "./story.ts";
import { missesOf } from "./verdict/bounds.ts";

export interface Run {
  /** The node that had the address at the beginning. */
  readonly owner: string;
  readonly findings: Findings;
  readonly span: Span;
  readonly marks: readonly Mark[];
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
  /** A sentence for each thing that was not as it has to be. */
  readonly misses: readonly string[];
}

/** A run with all that was seen in it, for a picture. */
export interface Seen {
  readonly run: Run;
  readonly records: readonly SeenRecord[];
}

/**
 * Waits until all is well, inflicts the fault and puts all right again.
 *
 * @throws {Error} when it does not become well, or something of the fault cannot be done
 */
export async function play(scene: Scene, fault: Fault, subject: Subject): Promise<Seen> {
  const { hasStranger = false, hasTwoClients = false, startsAtHome = false } = fault;
  try {
    await using observation = await scene.observe(hasTwoClients, subject);
    const owner = await scene.settle(observation, startsAtHome, subject);
    const story = new Story(owner);
    await fault.inflict(scene, story);
    story.end();
    const records = await observation.end();
    fault.examine?.(records, story, scene);
    const { checks, marks, notes, span } = story;
    const findings = findInAll(records, span, scene.acquaintance(hasStranger));
    const failed = checks.filter(({ isSo }) => !isSo).map(({ text }) => `not so: ${text}`);
    const misses = [...missesOf(findings, boundsOf(fault, scene.setting)), ...failed];
    return { run: { owner, findings, span, marks, checks, notes, misses }, records };
  } finally {
    await scene.restore();
  }
}
