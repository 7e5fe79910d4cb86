import path from "node:path";
import type { Host } from "#test/lab/host.ts";
import type { Lab } from "#test/lab/lab.ts";
import { Process } from "#test/lab/process.ts";

/** ARP probes (RFC 5227 §2.1.1) and those of DAD (RFC 4862 §5.4.2), whose senders have no address yet. */
const PROBES = "(arp and arp[14:4] = 0) or (icmp6 and ip6[40] = 135 and src host ::)";
const PROBED = /who-has (?<ip4>\S+) tell 0\.0\.0\.0|who has (?<ip6>[0-9a-f:]+)/;

/** The probes that a host of the lab hears, as tcpdump shows them. */
export class HeardProbes {
  readonly #tcpdump: Process;

  private constructor(tcpdump: Process) {
    this.#tcpdump = tcpdump;
  }

  static async by(host: Host, lab: Lab): Promise<HeardProbes> {
    const name = `tcpdump-${host.name}`;
    const tcpdump = new Process({
      name,
      namespace: host.namespace,
      command: "tcpdump",
      args: ["--interface=eth0", "--immediate-mode", "-n", "-l", PROBES],
      logPath: path.join(lab.directory, "logs", `${name}.log`),
      isReady: ({ lines }) => lines.some((line) => line.startsWith("listening on")),
    });
    await tcpdump.start();
    return new HeardProbes(tcpdump);
  }

  /** How many there are until now: for `addresses`. */
  get count(): number {
    return this.#probed().length;
  }

  /** The addresses for which there were probes, each once, after that many probes. */
  addresses(from = 0): ReadonlySet<string> {
    return new Set(this.#probed().slice(from));
  }

  #probed(): readonly string[] {
    return this.#tcpdump.lines.flatMap((line) => {
      const { ip4, ip6 } = PROBED.exec(line)?.groups ?? {};
      return ip4 ?? ip6 ?? [];
    });
  }
}
