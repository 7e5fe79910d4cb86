/**
 * Sends numbered UDP packets to an echo server and listens for their return, until SIGTERM: then prints one JSON line
 * with how many came back and the longest time without any. Says `first` at the first return, and `200 more` after each
 * further two hundred. Usage: udp-probe.ts ADDRESS PORT INTERVAL_MS
 */

import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

/** What the probe prints at its end. */
export interface ProbeReport {
  readonly sent: number;
  readonly received: number;
  readonly longestGapMs: number;
}

const SAY_AFTER = 200;

if (import.meta.main) {
  const [address = "", port = "", interval = ""] = process.argv.slice(2);
  probe(address, Number(port), Number(interval));
}

function probe(address: string, port: number, intervalMs: number): void {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const returned = new Set<string>();
  let sent = 0;
  let lastAt = performance.now();
  let longestGapMs = 0;
  socket.on("message", (message) => {
    const now = performance.now();
    longestGapMs = returned.size === 0 ? 0 : Math.max(longestGapMs, now - lastAt);
    lastAt = now;
    returned.add(message.toString());
    if (returned.size === 1) {
      process.stdout.write("first\n");
    } else if (returned.size % SAY_AFTER === 0) {
      process.stdout.write(`${SAY_AFTER} more\n`);
    }
  });
  const timer = setInterval(() => {
    sent += 1;
    // While nobody answers ARP the kernel may refuse to send: that is a packet lost, and counted as one.
    socket.send(String(sent), port, address, () => undefined);
  }, intervalMs);
  process.once("SIGTERM", () => {
    clearInterval(timer);
    const report: ProbeReport = { sent, received: returned.size, longestGapMs };
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
  });
}
