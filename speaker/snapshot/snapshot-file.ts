import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MalformedError } from "#lib/bytes/malformed-error.ts";

/** Ten thousand Services on a thousand nodes take some 40 MB. */
const MAX_LENGTH = 64 * 2 ** 20;

/** @throws {MalformedError} when it is longer than any snapshot, or is no file */
export async function readSnapshotFile(file: string): Promise<Uint8Array | undefined> {
  try {
    await using handle = await open(file);
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size > MAX_LENGTH) {
      throw new MalformedError("snapshot", `it is no file of at most ${MAX_LENGTH} bytes`);
    }
    return await handle.readFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** Puts a new file in the place of the old one, which stays as it was when that fails. */
export async function writeSnapshotFile(file: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${file}.new`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(fresh, bytes, { mode: 0o600 });
    await rename(fresh, file);
  } catch (error) {
    // A part of a file would fill a full disk further.
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
}
