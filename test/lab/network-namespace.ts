/** Linux network namespaces, by the names that `ip netns` keeps in /run/netns. */

import { readdirSync, readlinkSync, statSync } from "node:fs";
import { type RunOptions, run } from "./run.ts";

const NAMES_DIRECTORY = "/run/netns";

/** The command line that runs another one inside a namespace. It replaces itself, so the pid is that of the command. */
export function inNamespace(
  namespace: string,
  command: string,
  args: readonly string[],
): [string, string[]] {
  return ["ip", ["netns", "exec", namespace, command, ...args]];
}

/** The file whose descriptor setns(2) takes. */
export function namespaceFile(namespace: string): string {
  return `${NAMES_DIRECTORY}/${namespace}`;
}

export function listNamespaces(): string[] {
  try {
    return readdirSync(NAMES_DIRECTORY);
  } catch (error) {
    if (isGone(error)) {
      return [];
    }
    throw error;
  }
}

export async function createNamespaces(names: readonly string[]): Promise<void> {
  await run("ip", ["-batch", "-"], { input: lines(names.map((name) => `netns add ${name}`)) });
}

export async function deleteNamespaces(names: readonly string[]): Promise<void> {
  await run("ip", ["-batch", "-"], { input: lines(names.map((name) => `netns del ${name}`)) });
}

/**
 * Writes sysctls, then runs lines of `ip -batch`, all inside a namespace.
 *
 * @param sysctls values by path below /proc/sys
 */
export async function configureNamespace(
  namespace: string,
  sysctls: Readonly<Record<string, string | number>>,
  batch: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const script =
    'for pair; do echo "$' + '{pair#*=}" > "/proc/sys/$' + '{pair%%=*}"; done; exec ip -batch -';
  const pairs = Object.entries(sysctls).map(([path, value]) => `${path}=${value}`);
  const [command, args] = inNamespace(namespace, "sh", ["-ec", script, "sh", ...pairs]);
  await run(command, args, { ...options, input: lines(batch) });
}

/** The processes that live in any of the namespaces, found by the namespace itself, so a reused pid is never among them. */
export function processesIn(namespaces: readonly string[]): number[] {
  const wanted = new Set(namespaces.flatMap(inodeLink));
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && wanted.has(linkOf(`/proc/${entry}/ns/net`)))
    .map(Number);
}

function inodeLink(namespace: string): string[] {
  try {
    return [`net:[${statSync(namespaceFile(namespace)).ino}]`];
  } catch (error) {
    if (isGone(error)) {
      return [];
    }
    throw error;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isGone(error)) {
      return "";
    }
    throw error;
  }
}

/** Whether a file or process went away between being listed and being looked at. */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ESRCH" || code === "EACCES";
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
