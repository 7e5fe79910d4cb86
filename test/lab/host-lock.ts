/** A lock over all labs of this machine. */

import { createServer } from "node:net";
import { eventually } from "./eventually.ts";

/** An abstract socket: the kernel gives a name to one process, and takes it back however that process ends. */
const NAME = "\0herald-lab";
const LIMIT_MS = 60_000;

/** Waits for the lock; disposing of it sets it free. */
export async function lockHost(): Promise<AsyncDisposable> {
  return await eventually(tryLock, { withinMs: LIMIT_MS });
}

function tryLock(): Promise<AsyncDisposable> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) => {
      reject(new Error("another lab on this machine is starting or ending", { cause }));
    });
    server.listen(NAME, () => resolve(server));
  });
}
