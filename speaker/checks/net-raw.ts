import { readFileSync } from "node:fs";
import { join } from "node:path";

/** linux/capability.h. */
const CAP_NET_RAW = 13n;

/**
 * Without this capability nothing here works: better to say so at once than when the first link comes up.
 *
 * @param root where proc is mounted
 * @throws {Error} when this process does not have it
 */
export function requireNetRaw(root: string): void {
  const status = readFileSync(join(root, "proc/self/status"), "utf8");
  const [, effective = "0"] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if (((BigInt(`0x${effective}`) >> CAP_NET_RAW) & 1n) === 0n) {
    throw new Error(
      "Cannot open packet sockets: the process lacks the capability NET_RAW: add it to securityContext.capabilities.add of the container, and run it as user 0",
    );
  }
}
