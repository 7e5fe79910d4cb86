import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const ROOT = path.resolve(import.meta.dirname, "../..");
const LOOK_MS = 2000;

/** What figures depend on, beside the program. */
export function describeMachine(): Readonly<Record<string, string>> {
  const cpus = os.cpus();
  return {
    herald: version(path.join(ROOT, "package.json")),
    node: process.version,
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    processors: `${cpus.length} × ${cpus[0]?.model ?? "unknown"}`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
  };
}

/** How many per cent of the processors are at work for others, looked at for two seconds. */
export async function percentBusy(): Promise<number> {
  const before = processorTimes();
  await delay(LOOK_MS);
  const after = processorTimes();
  const all = after.all - before.all;
  return Math.round((100 * (all - (after.idle - before.idle))) / Math.max(all, 1));
}

/** Milliseconds since the machine started, of all processors together. */
function processorTimes(): { readonly all: number; readonly idle: number } {
  const times = os.cpus().map((cpu) => cpu.times);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    all: sum(times.flatMap((time) => Object.values(time))),
    idle: sum(times.map(({ idle }) => idle)),
  };
}

function version(file: string): string {
  const { version: found } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return found;
}
