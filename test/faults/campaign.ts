/** Inflicts faults again and again, one after the other, on one lab. */

import type { Fault } from "./fault.ts";
import { play, type Run, type Seen } from "./play.ts";
import type { FaultResult } from "./report/result.ts";
import type { Scene } from "./scene.ts";
import { describeBounds } from "./verdict/bounds.ts";

export interface CampaignOptions {
  /** Instead of as often as each fault has it. */
  readonly runs: number | undefined;
  readonly progress: (sentence: string) => void;
  /** Told of the first run of each fault. */
  readonly drawn: (fault: Fault, seen: Seen) => void;
}

/** A fault that cannot be inflicted is told of, and the next one has its turn. */
export async function inflictAll(
  scene: Scene,
  faults: readonly Fault[],
  options: CampaignOptions,
): Promise<readonly FaultResult[]> {
  const results: FaultResult[] = [];
  for (const fault of faults) {
    options.progress(`${fault.id}: ${fault.name}`);
    results.push(await inflictOne(scene, fault, options));
  }
  return results;
}

async function inflictOne(
  scene: Scene,
  fault: Fault,
  options: CampaignOptions,
): Promise<FaultResult> {
  const runs: Run[] = [];
  const troubles: string[] = [];
  try {
    await using stage = await fault.stage?.(scene);
    const subject = stage?.subject ?? scene.subject;
    for (let count = options.runs ?? fault.runs ?? 1; count > 0; count--) {
      const seen = await play(scene, fault, subject);
      if (runs.length === 0) {
        options.drawn(fault, seen);
      }
      runs.push(seen.run);
      options.progress(`  ${describeRun(seen.run)}`);
    }
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    troubles.push(trouble);
    options.progress(`  it came to an end: ${trouble}`);
  }
  return {
    id: fault.id,
    name: fault.name,
    expected: describeBounds(fault.bounds),
    runs,
    troubles,
  };
}

function describeRun({ findings, misses, notes }: Run): string {
  const { changes, longestGapMs, lost } = findings;
  const figures = `gap ${Math.round(longestGapMs)} ms, ${lost} lost, changes ${changes}`;
  return [figures, ...notes, ...misses.map((miss) => `✗ ${miss}`)].join("; ");
}
