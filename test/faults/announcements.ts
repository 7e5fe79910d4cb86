/** What a host hears announced by ARP, whatever the address: of many that change their owner, when the last one did. */

import type { Host } from "#test/lab/host.ts";
import { Process } from "#test/lab/process.ts";
import { now } from "./observation/observer.ts";

/** `1700000000.123456 02:… > ff:…, … who-has 198.51.100.7 tell 198.51.100.7, …`, or `Reply 198.51.100.7 is-at 02:…`. */
const LINE = /^(\d+\.\d+) ([\da-f:]{17}) > .*(?:tell|Reply) ([\d.]+)[, ]/;

/** Between frames of one announcement there is less. */
const AGAIN_MS = 50;

export class Announcements implements AsyncDisposable {
  readonly #process: Process;

  private constructor(process: Process) {
    this.#process = process;
  }

  static async start(host: Host, logPath: string): Promise<Announcements> {
    const sniffer = new Process({
      name: "announcements",
      namespace: host.namespace,
      command: "tcpdump",
      args: ["-i", "eth0", "-e", "-l", "-n", "-tt", "--immediate-mode", "ether broadcast and arp"],
      logPath,
      isReady: ({ lines }) => lines.some((line) => line.includes("listening on")),
    });
    await sniffer.start();
    return new Announcements(sniffer);
  }

  /**
   * How many milliseconds after an instant each address was first announced by one of these MACs. Who takes an address
   * over announces it again soon; a refresh comes alone.
   */
  takenOver(fromMs: number, macs: ReadonlySet<string>, prefix: string): readonly number[] {
    const wallAheadMs = Date.now() - now();
    const times = new Map<string, { readonly first: number; last: number }>();
    for (const line of this.#process.lines) {
      const [, seconds = "", mac = "", ip = ""] = LINE.exec(line) ?? [];
      const afterMs = Number(seconds) * 1_000 - wallAheadMs - fromMs;
      if (afterMs >= 0 && macs.has(mac) && ip.startsWith(prefix)) {
        const known = times.get(ip) ?? { first: afterMs, last: afterMs };
        known.last = afterMs;
        times.set(ip, known);
      }
    }
    const isAgain = ({ first, last }: { first: number; last: number }) => last - first >= AGAIN_MS;
    return [...times.values()].filter(isAgain).map(({ first }) => first);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop("SIGTERM");
  }
}
