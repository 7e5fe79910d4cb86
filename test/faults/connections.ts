/** TCP connections of a client through an address, while a fault happens to it. */

import path from "node:path";
import type { Host } from "#test/lab/host.ts";
import { Process } from "#test/lab/process.ts";

export interface ConnectionReport {
  /** Connections that were to stay, and those of them that ended. */
  readonly kept: number;
  readonly reset: number;
  /** Connections for one request, and those of them that got no answer in time. */
  readonly opened: number;
  readonly failed: number;
}

const MAIN = path.join(import.meta.dirname, "connections/main.ts");

export class Connections implements AsyncDisposable {
  readonly #process: Process;

  private constructor(process: Process) {
    this.#process = process;
  }

  /** Opens them, and waits until those that are to stay have exchanged something. */
  static async open(
    host: Host,
    address: string,
    port: number,
    logPath: string,
  ): Promise<Connections> {
    const client = new Process({
      name: "connections",
      namespace: host.namespace,
      command: process.execPath,
      args: [MAIN, address, String(port)],
      logPath,
      isReady: ({ logs }) => logs.length > 0,
    });
    await client.start();
    return new Connections(client);
  }

  async end(): Promise<ConnectionReport> {
    await this.#process.stop("SIGTERM");
    return JSON.parse(this.#process.lines.at(-1) ?? "{}") as ConnectionReport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.isRunning) {
      await this.#process.kill();
    }
  }
}
