/** Stops a process between two instructions, as a hypervisor stops the whole machine: it does not notice. */

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "#test/lab/eventually.ts";
import { MissingModuleError } from "./missing-module.ts";

interface Hierarchy {
  readonly folder: string;
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
  /** The file that says whether it has happened, and how. */
  readonly told: readonly [file: string, pattern: RegExp];
  /** Its line in /proc/PID/cgroup, which ends with the group of the process. */
  readonly line: RegExp;
}

/** Of the second version and of the first: kernel documentation, admin-guide/cgroup-v2 and cgroup-v1/freezer-subsystem. */
const HIERARCHIES: readonly Hierarchy[] = [
  {
    folder: "/sys/fs/cgroup",
    file: "cgroup.freeze",
    frozen: "1",
    thawed: "0",
    told: ["cgroup.events", /^frozen 1$/m],
    line: /^0::(.*)$/m,
  },
  {
    folder: "/sys/fs/cgroup/freezer",
    file: "freezer.state",
    frozen: "FROZEN",
    thawed: "THAWED",
    told: ["freezer.state", /^FROZEN$/m],
    line: /^\d+:freezer:(.*)$/m,
  },
];
interface Frozen {
  readonly pid: number;
  readonly group: string;
  readonly home: string;
  readonly hierarchy: Hierarchy;
}

const PROCESSES = "cgroup.procs";
const GROUP = "herald-faults";

export class Freezer {
  #frozen: Frozen | undefined;

  /** @throws {MissingModuleError} when the kernel cannot */
  async freeze(pid: number): Promise<void> {
    const hierarchy = mountedHierarchy();
    const { folder, file, frozen, told, line } = hierarchy;
    const [, home = "/"] = line.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
    const group = path.join(folder, `${GROUP}-${process.pid}`);
    mkdirSync(group);
    this.#frozen = { pid, group, home: path.join(folder, home), hierarchy };
    writeFileSync(path.join(group, PROCESSES), String(pid));
    writeFileSync(path.join(group, file), frozen);
    const [witness, pattern] = told;
    await eventually(() => pattern.test(readFileSync(path.join(group, witness), "utf8")));
  }

  /** Lets it go on, in the group that it was taken from; does nothing when nothing is frozen. */
  thaw(): void {
    if (this.#frozen === undefined) {
      return;
    }
    const { pid, group, home, hierarchy } = this.#frozen;
    writeFileSync(path.join(group, hierarchy.file), hierarchy.thawed);
    writeFileSync(path.join(home, PROCESSES), String(pid));
    rmdirSync(group);
    this.#frozen = undefined;
  }
}

/** @throws {MissingModuleError} when the kernel has neither */
function mountedHierarchy(): Hierarchy {
  const found = HIERARCHIES.find(({ folder }) => existsSync(path.join(folder, PROCESSES)));
  if (found === undefined) {
    throw new MissingModuleError(
      "freezer below /sys/fs/cgroup (cgroup2, or CONFIG_CGROUP_FREEZER)",
    );
  }
  return found;
}
