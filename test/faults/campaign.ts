/** Inflicts faults again and again, one after the other, on one lab. */

import { boundsOf, type Fault, runsOf } from "./fault.ts";
import { MissingModuleError } from "./missing-module.ts";
import { play, type Run, type Seen } from "./play.ts";
import type { FaultResult } from "./report/result.ts";
import type { Scene } from "./scene.ts";
import { describeBounds, missesOfMany } from "./verdict/bounds.ts";

export interface CampaignOptions {
  /** Instead of as often as each fault has it. */
  readonly runs: number | undefined;
  readonly progress: (sentence: string) => void;
  /** Told of the first run of each fault. */
  readonly drawn: (fault: Fault, seen: Seen) => void;
}

/** What became of the runs of one fault, as far as they came. */
interface Course {
  readonly runs: Run[];
  readonly troubles: string[];
  missing?: string;
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
    const bounds = boundsOf(fault, scene.setting);
    const course = await inflictOne(scene, fault, options);
    const misses = missesOfMany(
      course.runs.map(({ findings }) => findings),
      bounds,
    );
    const { id, name } = fault;
    results.push({
      ...{ id, name, expected: describeBounds(bounds), ...course },
      troubles: [...course.troubles, ...misses],
    });
  }
  return results;
}

async function inflictOne(scene: Scene, fault: Fault, options: CampaignOptions): Promise<Course> {
  const course: Course = { runs: [], troubles: [] };
  const count = options.runs ?? runsOf(fault);
  try {
    await using stage = await fault.stage?.(scene);
    const subject = stage?.subject ?? scene.subject;
    for (let number = 1; number <= count; number++) {
      const seen = await play(scene, fault, subject);
      if (number === 1) {
        options.drawn(fault, seen);
      }
      course.runs.push(seen.run);
      options.progress(`  ${number} of ${count}: ${describeRun(seen.run)}`);
    }
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    if (error instanceof MissingModuleError) {
      course.missing = `${trouble}; the simulator can: make simulate SCENARIO="${fault.simulated}"`;
    } else {
      course.troubles.push(trouble);
    }
    options.progress(`  it came to an end: ${course.missing ?? trouble}`);
  }
  return course;
}

function describeRun({ findings, misses, notes }: Run): string {
  const { changes, longestGapMs, lost } = findings;
  const figures = `gap ${Math.round(longestGapMs)} ms, ${lost} lost, changes ${changes}`;
  return [figures, ...notes, ...misses.map((miss) => `✗ ${miss}`)].join("; ");
}
