/** The key of the heartbeats: a Secret that the controller makes and that is mounted as a file. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "#lib/log/log.ts";

/** A kubelet brings a changed Secret to its mount within about a minute; looking costs one read. */
const LOOK_EVERY_MS = 2_000;

/** Hands over the key as soon as the file is there, and again whenever it changes. */
export async function followMemberKey(
  directory: string,
  log: Log,
  onKey: (key: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const file = join(directory, "secretkey");
  let known: string | undefined;
  let complained = false;
  while (!signal.aborted) {
    const text = await readKey(file);
    if (text === undefined && known === undefined && !complained) {
      complained = true;
      log.warn(
        "no membership key yet: nothing is announced until the controller has made the Secret and it is mounted",
        { file },
      );
    }
    if (text !== undefined && text !== known) {
      log.info(known === undefined ? "membership key read" : "membership key changed", { file });
      known = text;
      onKey(Buffer.from(text));
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The key's text, or undefined while there is none. */
async function readKey(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    return text === "" ? undefined : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw new Error(`Cannot read the membership key ${file}`, { cause: error });
  }
}
