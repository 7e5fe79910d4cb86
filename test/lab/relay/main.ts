/**
 * Makes one address inside a namespace reachable at 127.0.0.1 of the namespace in which it is started.
 * A socket belongs to the namespace of the thread that makes it: the one that listens is made first, then the thread moves.
 */

import { closeSync, openSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import koffi from "koffi";
import { namespaceFile } from "#test/lab/network-namespace.ts";

const CLONE_NEWNET = 0x4000_0000;

const [, , namespace = "", host = "", port = ""] = process.argv;

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
  near.setNoDelay(true);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
  near.pipe(far).pipe(near);
});
server.listen(0, "127.0.0.1", () => {
  enter(namespace);
  const { port: listening } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port: listening })}\n`);
});

/** Moves this thread, and with it every socket to come, into a namespace: setns(2). */
function enter(name: string): void {
  const libc = koffi.load("libc.so.6");
  const setns = libc.func("int setns(int fd, int nstype)");
  const file = openSync(namespaceFile(name), "r");
  const result: number = setns(file, CLONE_NEWNET);
  closeSync(file);
  if (result !== 0) {
    throw new Error(`Cannot enter network namespace ${name}: errno ${koffi.errno()}`);
  }
}
