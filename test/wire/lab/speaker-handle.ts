import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LogFields } from "#lib/log/log.ts";
import type { FromNetwork, NetworkCounts, ToNetwork } from "#speaker/network/messages.ts";
import { eventually } from "#test/lab/eventually.ts";
import { inNamespace } from "#test/lab/network-namespace.ts";
import type { SpeakerProcessOptions } from "./speaker-process.ts";

/** Its source, which Node runs as it is. */
export const SPEAKER_PROCESS = fileURLToPath(new URL("./speaker-process.ts", import.meta.url));

type CommandLine = readonly [command: string, args: readonly string[]];

type Of<Kind extends FromNetwork["kind"]> = Extract<FromNetwork, { kind: Kind }>;

/** A speaker without a cluster in a process of its own, and all that its network thread has said. */
export class SpeakerHandle {
  readonly nodeName: string;
  readonly #process: ChildProcess;
  readonly said: FromNetwork[] = [];
  readonly ended: Promise<unknown>;
  #counted = 0;

  /** @param by the program and what it is told before the options */
  constructor(
    namespace: string,
    options: SpeakerProcessOptions,
    by: CommandLine = [process.execPath, [SPEAKER_PROCESS]],
  ) {
    this.nodeName = options.nodeName;
    const [program, args] = by;
    const [command, words] = inNamespace(namespace, program, [...args, JSON.stringify(options)]);
    this.#process = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = once(this.#process, "exit");
    if (this.#process.stdout !== null) {
      createInterface({ input: this.#process.stdout }).on("line", (line) => {
        this.said.push(JSON.parse(line));
      });
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  send(message: ToNetwork): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** Ends it as one ends that will be back: with a word to the others. */
  async terminate(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.ended;
  }

  /** Ends it as one that leaves the cluster, once its addresses are others'. */
  async stop(): Promise<void> {
    this.#process.stdin?.end();
    await this.ended;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** The messages of one kind. */
  saidOf<Kind extends FromNetwork["kind"]>(kind: Kind): readonly Of<Kind>[] {
    return this.said.filter((message): message is Of<Kind> => message.kind === kind);
  }

  /** The fields of the lines with this message. */
  lines(message: string): readonly LogFields[] {
    return this.saidOf("log")
      .filter((said) => said.message === message)
      .map(({ fields }) => fields);
  }

  /** The living, as last told. */
  get alive(): readonly string[] {
    return this.saidOf("alive").at(-1)?.nodes ?? [];
  }

  /** The nodes, this one included, that have told of their subnets. */
  get heardOf(): readonly string[] {
    return Object.keys(this.saidOf("alive").at(-1)?.subnets ?? {});
  }

  /** Asks the thread for its counters. */
  async counts(): Promise<NetworkCounts> {
    this.#counted += 1;
    const id = this.#counted;
    this.send({ kind: "count", id });
    const { counts } = await eventually(() => this.saidOf("counts").find((said) => said.id === id));
    return counts;
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Resident memory, in KiB. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }
}
