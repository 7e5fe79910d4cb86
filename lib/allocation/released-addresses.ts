import { formatIp, type Ip } from "#lib/address/ip.ts";

/** An address that a Service gave up or lost. */
export interface Released {
  readonly ip: Ip;
  /** `namespace/name`. */
  readonly service: string;
  /** Milliseconds since 1970; the same for all that a Service released at once. */
  readonly atMs: number;
}

/** So many that a ConfigMap of 1 MiB has room for them, with the longest names and addresses that there are. */
export const MAX_RELEASED = 4096;

/** Which addresses were released, by whom and when; what was released longest ago is forgotten first. */
export class ReleasedAddresses implements Iterable<Released> {
  /** By Service and address; the first released stands first. */
  readonly #released = new Map<string, Released>();
  /** What each Service released last. */
  readonly #lastOf = new Map<string, readonly Released[]>();
  /** When each address was released last, by whomever. */
  readonly #lastAt = new Map<string, number>();
  #count = 0;

  /** How many releases there have been; it only grows. */
  get count(): number {
    return this.#count;
  }

  [Symbol.iterator](): Iterator<Released> {
    return this.#released.values();
  }

  add(service: string, ips: readonly Ip[], atMs: number): void {
    this.#count += 1;
    this.#put(ips.map((ip) => ({ ip, service, atMs })));
  }

  /** Those that an earlier life released, which are no news. */
  restore(released: Iterable<Released>): void {
    const releases = Map.groupBy(released, ({ service, atMs }) => `${atMs} ${service}`);
    for (const release of releases.values()) {
      this.#put(release);
    }
  }

  /** The addresses that the Service released last, all at once. */
  lastOf(service: string): readonly Ip[] {
    return this.#lastOf.get(service)?.map(({ ip }) => ip) ?? [];
  }

  /** When the address was released last, in milliseconds since 1970. */
  lastAt(ip: Ip): number | undefined {
    return this.#lastAt.get(formatIp(ip));
  }

  #put(release: readonly Released[]): void {
    for (const released of release) {
      const { atMs, ip, service } = released;
      this.#released.delete(keyOf(released));
      this.#released.set(keyOf(released), released);
      this.#lastAt.set(formatIp(ip), atMs);
      const last = this.#lastOf.get(service) ?? [];
      const atOnce = last.filter((other) => other.atMs === atMs && other.ip.family !== ip.family);
      this.#lastOf.set(service, [...atOnce, released]);
    }
    for (const [key, oldest] of this.#released) {
      if (this.#released.size <= MAX_RELEASED) {
        break;
      }
      this.#released.delete(key);
      this.#forget(oldest);
    }
  }

  #forget({ atMs, ip, service }: Released): void {
    const address = formatIp(ip);
    if (this.#lastAt.get(address) === atMs) {
      this.#lastAt.delete(address);
    }
    if (this.#lastOf.get(service)?.[0]?.atMs === atMs) {
      this.#lastOf.delete(service);
    }
  }
}

function keyOf({ ip, service }: Released): string {
  return `${service} ${formatIp(ip)}`;
}
