import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Where systemd-logind notes a shutdown that is scheduled, and when. The note of one that has begun stays; one that is
 * called off takes it away, and so does one that is ordered for now.
 */
const SCHEDULED = "run/systemd/shutdown/scheduled";

/**
 * Whether the time of a shutdown of the whole machine has come. No container can ask systemd itself without the right to
 * command it, so that a shutdown for now is learned by the kubelet's word alone.
 *
 * @param root where the machine's run is mounted
 * @param nowMs since the epoch
 */
export function isSystemStopping(root: string, nowMs: number): boolean {
  const [, microseconds] = /^USEC=(\d+)$/m.exec(readScheduled(root)) ?? [];
  return microseconds !== undefined && Number(microseconds) / 1_000 <= nowMs;
}

function readScheduled(root: string): string {
  try {
    return readFileSync(join(root, SCHEDULED), "utf8");
  } catch {
    // Mostly it is not there. A speaker that is about to stop stops, whatever else is wrong with a file.
    return "";
  }
}
