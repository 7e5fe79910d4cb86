import type { KernelAddress } from "./messages.ts";

/** What the kernel has beside us is a matter for people. */
const TELL_INTERVAL_MS = 1_000;

export interface KernelAddressOptions {
  /** Whether some Service has the address, which is in canonical text. */
  isOurs(ip: string): boolean;
  /** The names of the links that have it too. */
  linksWith(ip: string): readonly string[];
  tell(addresses: readonly KernelAddress[]): void;
}

/** Which addresses of Services the kernel has too, on whatever link: it may answer for them. */
export class KernelAddresses {
  readonly #options: KernelAddressOptions;
  readonly #links = new Map<string, readonly string[]>();
  #told = "[]";
  #tellAt: number | undefined;

  constructor(options: KernelAddressOptions) {
    this.#options = options;
  }

  /** Looks at addresses that came to or went from a Service or a link. */
  look(ips: Iterable<string>, now: number): void {
    const { isOurs, linksWith } = this.#options;
    for (const ip of ips) {
      const links = isOurs(ip) ? linksWith(ip) : [];
      if (links.length > 0) {
        this.#links.set(ip, links);
        this.#tellAt ??= now + TELL_INTERVAL_MS;
      } else if (this.#links.delete(ip)) {
        this.#tellAt ??= now + TELL_INTERVAL_MS;
      }
    }
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    return this.#tellAt;
  }

  tick(now: number): void {
    if (this.#tellAt === undefined || now < this.#tellAt) {
      return;
    }
    this.#tellAt = undefined;
    const addresses = [...this.#links].flatMap(([ip, links]) => links.map((on) => ({ ip, on })));
    const text = JSON.stringify(addresses);
    if (text !== this.#told) {
      this.#told = text;
      this.#options.tell(addresses);
    }
  }
}
