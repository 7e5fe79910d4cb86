/** Starts and ends the program that sees an address as a client of it does. */

import path from "node:path";
import { lanLink } from "#test/lab/address-plan.ts";
import type { Host } from "#test/lab/host.ts";
import { Process } from "#test/lab/process.ts";
import { run } from "#test/lab/run.ts";
import { type ObservationRecord, parseRecord } from "./record.ts";

export interface ObserverOptions {
  /** As `compileObserver` gives it. */
  readonly program: string;
  /** Where it is, and on whose behalf it sends packets. */
  readonly host: Host;
  readonly address: string;
  /** Of an echo server, by UDP. */
  readonly port: number;
  /** Whether no fault cuts its own way to the echo server: else its packets tell nothing of the address. */
  readonly hasBackend: boolean;
  /** Takes what it writes; no other observer has written there. */
  readonly logPath: string;
}

const SOURCE = path.join(import.meta.dirname, "observer.c");
/** From a host's number on the LAN to that of the one as which its observer asks. */
const ASKER_OFFSET = 50;
/** More than are written in five seconds. */
const RECENT_LINES = 4_000;

/** @throws {CommandError} when there is no C compiler */
export async function compileObserver(folder: string): Promise<string> {
  const program = path.join(folder, "observer");
  await run("gcc", ["-O2", "-Wall", "-Wextra", "-o", program, SOURCE]);
  return program;
}

export class Observer implements AsyncDisposable {
  /** What is seen, and by whom. */
  readonly title: string;
  readonly hasBackend: boolean;
  readonly #process: Process;

  constructor({ program, host, address, port, hasBackend, logPath }: ObserverOptions) {
    const asker = lanLink({ ...host.plan, number: host.plan.number + ASKER_OFFSET });
    const own = address.includes(":") ? asker.ip6 : asker.ip;
    this.hasBackend = hasBackend;
    this.title = `${address} from ${host.name}`;
    this.#process = new Process({
      name: path.basename(logPath, ".log"),
      namespace: host.namespace,
      command: program,
      args: [lanLink(host.plan).device, address, String(port), asker.mac, own],
      logPath,
      isReady: ({ lines }) => lines.length > 0,
    });
  }

  start(): Promise<void> {
    return this.#process.start();
  }

  /** Of the last seconds, as far as it has been written down; that is done ten times a second. */
  get recentRecord(): ObservationRecord {
    return parseRecord(this.#process.lines.slice(-RECENT_LINES));
  }

  /** Gives the whole, with all that was still on its way. */
  async end(): Promise<ObservationRecord> {
    await this[Symbol.asyncDispose]();
    return parseRecord(this.#process.lines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.isRunning) {
      await this.#process.stop("SIGTERM");
    }
  }
}

/** Milliseconds of the clock of the records. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
