/** A network namespace for tests with real sockets. Needs root. */

import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import koffi from "koffi";

const CLONE_NEWNET = 0x4000_0000;
const setns: (descriptor: number, kind: number) => number = koffi
  .load(null)
  .func("int setns(int, int)");

/**
 * Calls the function with this thread in a namespace: sockets that it opens stay there.
 *
 * @param file of the namespace
 * @throws {Error} when it cannot be entered: what was meant for it must not be done to the machine
 */
export function withinNamespace<T>(file: string, open: () => T): T {
  const here = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(file, "r");
  try {
    if (setns(there, CLONE_NEWNET) !== 0) {
      throw new Error(`Cannot enter the namespace ${file}`);
    }
    return open();
  } finally {
    setns(here, CLONE_NEWNET);
    closeSync(there);
    closeSync(here);
  }
}

let made = 0;

export class Namespace implements Disposable {
  readonly #name: string;

  constructor() {
    made += 1;
    this.#name = `hl-${process.pid}-${made}`;
    execFileSync("ip", ["netns", "add", this.#name]);
  }

  /** Runs `ip` inside. */
  ip(...words: readonly string[]): string {
    return execFileSync("ip", ["-n", this.#name, ...words], { encoding: "utf8" });
  }

  /** Runs many lines of `ip` inside. */
  batch(lines: readonly string[]): void {
    execFileSync("ip", ["-n", this.#name, "-batch", "-"], { input: lines.join("\n") });
  }

  indexOf(link: string): number {
    return Number.parseInt(this.ip("-o", "link", "show", link), 10);
  }

  /** @param path below /proc/sys */
  setSysctl(path: string, value: string | number): void {
    this.within(() => writeFileSync(`/proc/sys/${path}`, `${value}`));
  }

  /** Calls the function with this thread inside: sockets that it opens stay there. */
  within<T>(open: () => T): T {
    return withinNamespace(`/run/netns/${this.#name}`, open);
  }

  [Symbol.dispose](): void {
    execFileSync("ip", ["netns", "delete", this.#name]);
  }
}
