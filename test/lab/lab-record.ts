/**
 * What a lab leaves on disk so that others can tell whether it still has an owner: a directory with the file `owner.json`.
 * The directory also holds its kubeconfig, keys and logs.
 */

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A process, or nobody in particular: a kept lab stays until it is taken down by hand. */
export type Owner = { readonly pid: number; readonly startTime: string } | "kept";

const CHECKOUT = path.resolve(import.meta.dirname, "../..");
const DIRECTORY_PREFIX = "herald-lab-";
const OWNER_FILE = "owner.json";
const HASH_DIGITS = 6;
const PREFIX = /^herald-[0-9a-f]{6}$/;
/** Field 22 of /proc/<pid>/stat, counted from the first one after the name in parentheses, proc_pid_stat(5). */
const START_TIME_FIELD = 19;

/** The name before every namespace of a lab: another one in each checkout. */
export function prefixOf(labName: string): string {
  const hash = createHash("sha256").update(`${CHECKOUT}\0${labName}`).digest("hex");
  return `herald-${hash.slice(0, HASH_DIGITS)}`;
}

export function directoryOf(prefix: string): string {
  return path.join(tmpdir(), `${DIRECTORY_PREFIX}${prefix}`);
}

/** The prefix of every lab that has a directory. */
export function recordedPrefixes(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(DIRECTORY_PREFIX))
    .map((name) => name.slice(DIRECTORY_PREFIX.length))
    .filter((prefix) => PREFIX.test(prefix));
}

/** @throws {Error} when the lab is there already */
export function claim(prefix: string): void {
  const directory = directoryOf(prefix);
  if (existsSync(directory)) {
    throw new Error(`Cannot start lab ${prefix}: it is up already, see ${directory}`);
  }
  mkdirSync(directory, { mode: 0o700 });
  writeOwner(prefix, { pid: process.pid, startTime: startTimeOf(process.pid) ?? "" });
}

export function keep(prefix: string): void {
  writeOwner(prefix, "kept");
}

/** Whether somebody still wants the lab. A directory without a readable owner was never finished. */
export function hasOwner(prefix: string): boolean {
  const owner = readOwner(prefix);
  if (owner === "kept") {
    return true;
  }
  return owner !== undefined && startTimeOf(owner.pid) === owner.startTime;
}

export function isKept(prefix: string): boolean {
  return readOwner(prefix) === "kept";
}

function writeOwner(prefix: string, owner: Owner): void {
  const file = path.join(directoryOf(prefix), OWNER_FILE);
  writeFileSync(`${file}.new`, JSON.stringify(owner));
  renameSync(`${file}.new`, file);
}

function readOwner(prefix: string): Owner | undefined {
  const file = path.join(directoryOf(prefix), OWNER_FILE);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** In clock ticks since boot: with the pid, it names one process for as long as the machine is up. */
function startTimeOf(pid: number): string | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) {
    return undefined;
  }
  const stat = readFileSync(file, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[START_TIME_FIELD];
}
