/** Taking labs down: the own one at its end, and those whose owner died without doing so. */

import { rmSync } from "node:fs";
import { eventually } from "./eventually.ts";
import { directoryOf, hasOwner, recordedPrefixes } from "./lab-record.ts";
import { deleteNamespaces, listNamespaces, processesIn } from "./network-namespace.ts";

/** Removes every process, namespace and file of a lab. Safe at any time, whatever of it is left. */
export async function removeLab(prefix: string): Promise<void> {
  const namespaces = listNamespaces().filter((name) => name.startsWith(`${prefix}-`));
  await eventually(() => killAll(namespaces));
  await deleteNamespaces(namespaces);
  // The directory goes last: while it is there, a lab that is half removed will be found again.
  rmSync(directoryOf(prefix), { recursive: true, force: true });
}

/** Removes what labs have left whose owner is dead. Call it under the lock of the host. */
export async function removeDeadLabs(): Promise<void> {
  for (const prefix of recordedPrefixes().filter((recorded) => !hasOwner(recorded))) {
    await removeLab(prefix);
  }
}

/** Kills whatever lives in the namespaces; true once nothing does. */
function killAll(namespaces: readonly string[]): boolean {
  const pids = processesIn(namespaces).filter((pid) => pid !== process.pid);
  for (const pid of pids) {
    killIfThere(pid);
  }
  return pids.length === 0;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) {
      throw error;
    }
  }
}
