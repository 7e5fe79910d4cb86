import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LogFields } from "#lib/log/log.ts";
import type { FromNetwork, ToNetwork } from "#speaker/network/messages.ts";

const SCRIPT = fileURLToPath(new URL("./speaker-process.ts", import.meta.url));

type LogLine = Extract<FromNetwork, { kind: "log" }>;

/** A speaker without a cluster in a process of its own, and all that its network thread has said. */
export class SpeakerHandle {
  readonly nodeName: string;
  readonly #process: ChildProcess;
  readonly said: FromNetwork[] = [];
  readonly ended: Promise<unknown>;

  constructor(namespace: string, nodeName: string) {
    this.nodeName = nodeName;
    this.#process = spawn("ip", ["netns", "exec", namespace, process.execPath, SCRIPT, nodeName], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.ended = once(this.#process, "exit");
    if (this.#process.stdout !== null) {
      createInterface({ input: this.#process.stdout }).on("line", (line) => {
        this.said.push(JSON.parse(line));
      });
    }
  }

  send(message: ToNetwork): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** The fields of the lines with this message. */
  lines(message: string): readonly LogFields[] {
    return this.said
      .filter((said): said is LogLine => said.kind === "log" && said.message === message)
      .map(({ fields }) => fields);
  }

  /** The living, as last told. */
  get alive(): readonly string[] {
    return this.said.findLast((said) => said.kind === "alive")?.nodes ?? [];
  }
}
