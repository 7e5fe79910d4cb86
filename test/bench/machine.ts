import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** What figures depend on, beside the program. */
export function describeMachine(): Readonly<Record<string, string>> {
  const cpus = os.cpus();
  const [minuteLoad = 0] = os.loadavg();
  return {
    herald: version(path.join(ROOT, "package.json")),
    node: process.version,
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    processors: `${cpus.length} × ${cpus[0]?.model ?? "unknown"}`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    loadBefore: minuteLoad.toFixed(1),
  };
}

/** Whether other programs want so much of the processors that times say little. */
export function isBusy(): boolean {
  const [minuteLoad = 0] = os.loadavg();
  return minuteLoad > os.cpus().length / 2;
}

function version(file: string): string {
  const { version: found } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return found;
}
