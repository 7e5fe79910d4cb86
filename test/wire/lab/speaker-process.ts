/**
 * A speaker without a cluster: messages for the network thread come as lines of JSON, and its own go out so. It ends
 * with its input, as one that leaves the cluster, and on SIGTERM as one that will be back. Usage: speaker-process.ts OPTIONS, as JSON
 */

import { createInterface } from "node:readline";
import { createLog } from "#lib/log/log.ts";
import { DEFAULT_EXCLUDED_LINKS } from "#speaker/network/link-rules.ts";
import type { ToNetwork } from "#speaker/network/messages.ts";
import { DEFAULT_ANNOUNCE_RATE } from "#speaker/network/pace.ts";
import {
  DEFAULT_ANSWER_RATE,
  DEFAULT_ANSWER_RATE_PER_CLIENT,
} from "#speaker/network/rate-limit.ts";
import { type NetworkOptions, startNetwork } from "#speaker/network/start.ts";
import { Prober } from "#speaker/probe/prober.ts";

/** What may be said in JSON of how the thread works; the rest is as a speaker has it by default. */
export interface SpeakerProcessOptions
  extends Partial<Omit<NetworkOptions, "excludedLinks" | "promiscuousLinks">> {
  readonly nodeName: string;
  /** Sources of regular expressions. */
  readonly promiscuousLinks?: readonly string[];
}

const [, , text = "{}"] = process.argv;
const options = JSON.parse(text) as SpeakerProcessOptions;
const network = startNetwork({
  memberPort: 7946,
  logLevel: "debug",
  excludedLinks: DEFAULT_EXCLUDED_LINKS.map(expression),
  announceRate: DEFAULT_ANNOUNCE_RATE,
  answerRate: DEFAULT_ANSWER_RATE,
  answerRatePerClient: DEFAULT_ANSWER_RATE_PER_CLIENT,
  failbackMs: 30_000,
  placement: "metallb",
  profile: "balanced",
  surrogate: true,
  ...options,
  promiscuousLinks: (options.promiscuousLinks ?? []).map(expression),
});
const prober = new Prober(createLog("warn"));
network.onMessage((message) => {
  if (message.kind === "probe") {
    void prober.send(message);
  }
  process.stdout.write(`${JSON.stringify(message, withoutBigints)}\n`);
});

const key = new Uint8Array(32).fill(0x5a);
network.send({ kind: "key", key });
const lines = createInterface({ input: process.stdin });
let how: "restart" | "leave" = "leave";
process.once("SIGTERM", () => {
  how = "restart";
  lines.close();
});
for await (const line of lines) {
  const message: ToNetwork = JSON.parse(line);
  network.send(message);
}
network.send({ kind: "stop", how });
await network.stopped;

function expression(source: string): RegExp {
  return new RegExp(source, "u");
}

/** JSON knows none: they go out as text. */
function withoutBigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
