/** What a machine of the lab can ask of an address: HTTP by curl, ARP by arping, NDP by ndisc6, none of them ours. */

import { inNamespace } from "./network-namespace.ts";
import { CommandError, run, runToExit } from "./run.ts";

export interface CurlAnswer {
  readonly status: number;
  readonly body: string;
}

const HTTP_LIMIT_MS = 2000;
const NDP_LIMIT_MS = 1000;

/** @throws {CommandError} when nothing answers in time */
export async function curl(
  namespace: string,
  url: string,
  withinMs = HTTP_LIMIT_MS,
): Promise<CurlAnswer> {
  const seconds = String(withinMs / 1000);
  const options = ["--silent", "--show-error", "--globoff", "--max-time", seconds];
  const args = [...options, "--write-out", "%{http_code}", url];
  const output = await run(...inNamespace(namespace, "curl", args));
  const statusAt = output.length - "200".length;
  return { status: Number(output.slice(statusAt)), body: output.slice(0, statusAt) };
}

export interface ArpingOptions {
  /** Requests to send, one a second; without it we stop at the first answer. */
  readonly count?: number;
  /** Broadcast every request; else those after the first answer go to the one that gave it. */
  readonly broadcast?: boolean;
  /** Whole seconds to wait for the first answer when there is no count. */
  readonly withinSeconds?: number;
}

/** The MAC of every answer, in order; empty when there was none. */
export async function macsAnsweringArp(
  namespace: string,
  ip: string,
  { count, broadcast = false, withinSeconds = 1 }: ArpingOptions = {},
): Promise<string[]> {
  const amount = count === undefined ? ["-f", "-w", String(withinSeconds)] : ["-c", String(count)];
  const args = ["-I", "eth0", ...amount, ...(broadcast ? ["-b"] : []), ip];
  return await macsSaidBy(namespace, "arping", args, /\[([0-9A-F:]{17})\]/g, 1);
}

/** The link-layer address of every answer to one solicitation, in order; empty when there was none. */
export async function macsAnsweringNdp(
  namespace: string,
  ip6: string,
  withinMs = NDP_LIMIT_MS,
): Promise<string[]> {
  const args = ["-m", "-n", "-q", "-r", "1", "-w", String(withinMs), ip6, "eth0"];
  return await macsSaidBy(namespace, "ndisc6", args, /([0-9A-F]{2}(?::[0-9A-F]{2}){5})/g, 2);
}

/** @param silence the exit code by which the program says that nobody answered */
async function macsSaidBy(
  namespace: string,
  program: string,
  args: readonly string[],
  mac: RegExp,
  silence: number,
): Promise<string[]> {
  const commandLine = inNamespace(namespace, program, args);
  const output = await runToExit(...commandLine);
  if (output.exit !== 0 && output.exit !== silence) {
    throw new CommandError(...commandLine, output);
  }
  return [...output.stdout.matchAll(mac)].map(([, found = ""]) => found.toLowerCase());
}
