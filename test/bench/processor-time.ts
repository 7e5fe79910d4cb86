import { readFileSync } from "node:fs";

/** Of the kernel's clock that counts processor time: USER_HZ, the same on all that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds that a process has had a processor for, its threads and its system calls included. @throws {Error} when it is gone */
export function processorSecondsOf(pid: number): number {
  return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Reads /proc/PID/stat: proc_pid_stat(5). */
export function parseProcessStat(text: string): number {
  // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks] = [fields[11], fields[12]];
  return (Number(userTicks) + Number(systemTicks)) / TICKS_PER_SECOND;
}
