/** Suites that need a lab. */

import { describe } from "vitest";
import { whyNoLab } from "./programs.ts";

/** A suite that says why when it is left out on a machine that cannot run a lab. */
export function describeLab(name: string, suite: () => void): void {
  const problem = whyNoLab();
  describe.skipIf(problem !== undefined)(
    problem === undefined ? name : `${name} (${problem})`,
    suite,
  );
}
