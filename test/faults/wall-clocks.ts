/** Sets the clocks of Herald's processes, each as that of its machine; the clock of this machine stays as it is. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "#test/lab/run.ts";

const SOURCE = path.join(import.meta.dirname, "wall-clock.c");

export class WallClocks implements Disposable {
  readonly #directory: string;
  readonly #library: string;

  private constructor(directory: string, library: string) {
    this.#directory = directory;
    this.#library = library;
  }

  /** @throws {CommandError} when there is no C compiler */
  static async prepare(): Promise<WallClocks> {
    const directory = mkdtempSync(path.join(tmpdir(), "herald-wall-clocks-"));
    const library = path.join(directory, "wall-clock.so");
    await run("gcc", ["-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library, SOURCE]);
    return new WallClocks(directory, library);
  }

  /** What a process needs whose clock is to be set. */
  get env(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.#library, WALL_CLOCK_DIRECTORY: this.#directory };
  }

  /** By so many seconds from what is right; 0: right again. */
  set(host: string, aheadS: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(aheadS));
    // not a new file: the one that is there has been mapped
    writeFileSync(path.join(this.#directory, host), bytes, { flag: "r+" });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
