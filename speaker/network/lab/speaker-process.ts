/** A speaker without a cluster, for the tests: messages for the network thread come as lines of JSON, and its own go out so. */

import { createInterface } from "node:readline";
import type { ToNetwork } from "#speaker/network/messages.ts";
import { startNetwork } from "#speaker/network/start.ts";

const [nodeName = ""] = process.argv.slice(2);
const network = startNetwork({ nodeName, memberPort: 7946, logLevel: "debug" });
network.onMessage((message) => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
});

const key = new Uint8Array(32).fill(0x5a);
network.send({ kind: "key", key });
for await (const line of createInterface({ input: process.stdin })) {
  const message: ToNetwork = JSON.parse(line);
  network.send(message);
  if (message.kind === "stop") {
    break;
  }
}
await network.stopped;
process.stdin.destroy();
