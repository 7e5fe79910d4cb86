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
  /** By address as text; the first released stands first. */
  readonly #byAddress = new Map<string, Released>();
  /** What each Service released last, as texts. */
  readonly #lastOf = new Map<string, readonly string[]>();

  #count = 0;

  /** How many releases there have been; it only grows. */
  get count(): number {
    return this.#count;
  }

  [Symbol.iterator](): Iterator<Released> {
    return this.#byAddress.values();
  }

  add(service: string, ips: readonly Ip[], atMs: number): void {
    this.#count += 1;
    this.#put(service, ips, atMs);
  }

  /** Those that an earlier life released, which are no news. */
  restore(released: Iterable<Released>): void {
    const byRelease = Map.groupBy(released, ({ service, atMs }) => `${atMs} ${service}`);
    for (const [first, ...others] of byRelease.values()) {
      if (first !== undefined) {
        const ips = [first, ...others].map(({ ip }) => ip);
        this.#put(first.service, ips, first.atMs);
      }
    }
  }

  #put(service: string, ips: readonly Ip[], atMs: number): void {
    const texts = ips.map(formatIp);
    for (const [index, ip] of ips.entries()) {
      const text = texts[index] as string;
      this.#forget(text);
      this.#byAddress.set(text, { ip, service, atMs });
    }
    this.#lastOf.set(service, texts);
    for (const oldest of this.#byAddress.keys()) {
      if (this.#byAddress.size <= MAX_RELEASED) {
        break;
      }
      this.#forget(oldest);
    }
  }

  /** Somebody has the address now. */
  remove(ip: Ip): void {
    if (this.#byAddress.size > 0) {
      this.#forget(formatIp(ip));
    }
  }

  /** The addresses that the Service released last, as far as nobody had them since. */
  lastOf(service: string): readonly Ip[] {
    return (this.#lastOf.get(service) ?? []).flatMap((text) => {
      const released = this.#byAddress.get(text);
      return released?.service === service ? [released.ip] : [];
    });
  }

  get(ip: Ip): Released | undefined {
    return this.#byAddress.size === 0 ? undefined : this.#byAddress.get(formatIp(ip));
  }

  #forget(text: string): void {
    const released = this.#byAddress.get(text);
    if (released === undefined) {
      return;
    }
    this.#byAddress.delete(text);
    const { service } = released;
    const last = this.#lastOf.get(service);
    if (last?.includes(text)) {
      const others = last.filter((other) => other !== text && this.#byAddress.has(other));
      if (others.length > 0) {
        this.#lastOf.set(service, others);
      } else {
        this.#lastOf.delete(service);
      }
    }
  }
}
