/**
 * Sends numbered UDP packets to an echo server and listens for each one's return, until SIGTERM: then prints one JSON
 * line with how many came back and the longest time without any. Usage: udp-probe.ts ADDRESS PORT INTERVAL_MS
 */

import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

/** What the probe prints. */
export interface ProbeReport {
  readonly sent: number;
  readonly received: number;
  readonly longestGapMs: number;
}

if (import.meta.main) {
  probe(process.argv.slice(2));
}

function probe([address = "", port = "", interval = ""]: readonly string[]): void {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const returned = new Set<number>();
  let sent = 0;
  let lastAt: number | undefined;
  let longestGapMs = 0;
  const note = (now: number) => {
    longestGapMs = Math.max(longestGapMs, lastAt === undefined ? 0 : now - lastAt);
    lastAt = now;
  };
  socket.on("message", (message) => {
    const number = Number(message.toString());
    if (!returned.has(number)) {
      returned.add(number);
      note(performance.now());
    }
    if (returned.size === 1) {
      process.stdout.write("first\n");
    }
  });
  // While the address belongs to nobody the kernel may refuse to send: that is loss, and counted as such.
  socket.on("error", () => undefined);
  const timer = setInterval(() => {
    socket.send(String(sent), Number(port), address, () => undefined);
    sent += 1;
  }, Number(interval));
  process.once("SIGTERM", () => {
    clearInterval(timer);
    note(performance.now());
    const report: ProbeReport = { sent, received: returned.size, longestGapMs };
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
  });
}
