import { electingIp } from "./node-subnets.ts";

/** Services that share addresses, directly or through others: all of them have one owner. */
export interface AddressGroup {
  /** The address that decides the order of nodes of the first of the Services by name. */
  readonly key: string;
  /** `namespace/name`, in the order of names. */
  readonly services: readonly string[];
}

/** What became of groups when a Service came, changed or went. */
export interface Regrouping {
  /** New, or with other Services than before. */
  readonly changed: readonly AddressGroup[];
  /** Keys of those that are no more. */
  readonly gone: readonly string[];
}

const NONE: readonly string[] = [];

/** The address groups of all Services: each Service is in one of them. */
export class Groups {
  /** By Service. */
  readonly #ips = new Map<string, readonly string[]>();
  /** The Services that hold an address: one as a rule, for which a set would be dear. */
  readonly #holders = new Map<string, readonly string[]>();
  /** By Service. */
  readonly #groups = new Map<string, AddressGroup>();

  of(service: string): AddressGroup | undefined {
    return this.#groups.get(service);
  }

  /** The Services that have the address, which is in canonical text. */
  holdersOf(ip: string): readonly string[] {
    return this.#holders.get(ip) ?? NONE;
  }

  /** All addresses, in canonical text. */
  get addresses(): Iterable<string> {
    return this.#holders.keys();
  }

  /** @param ips canonical text */
  put(service: string, ips: readonly string[]): Regrouping {
    return this.#regroup(service, () => {
      this.#letGo(service);
      this.#ips.set(service, ips);
      for (const ip of new Set(ips)) {
        this.#holders.set(ip, [...this.holdersOf(ip), service]);
      }
    });
  }

  remove(service: string): Regrouping {
    return this.#regroup(service, () => this.#letGo(service));
  }

  #letGo(service: string): void {
    for (const ip of this.#ips.get(service) ?? []) {
      const others = this.holdersOf(ip).filter((holder) => holder !== service);
      if (others.length === 0) {
        this.#holders.delete(ip);
      } else {
        this.#holders.set(ip, others);
      }
    }
    this.#ips.delete(service);
  }

  #regroup(service: string, change: () => void): Regrouping {
    const before = this.#groups.get(service);
    change();
    const touched = new Set([service, ...(before?.services ?? [])]);
    const keysBefore = new Set(before === undefined ? [] : [before.key]);
    const changed = new Map<string, AddressGroup>();
    for (const each of touched) {
      if (this.#ips.has(each)) {
        const group = this.#groupAround(each);
        changed.set(group.key, group);
        for (const member of group.services) {
          keysBefore.add(this.#groups.get(member)?.key ?? group.key);
          this.#groups.set(member, group);
        }
      } else {
        this.#groups.delete(each);
      }
    }
    return {
      changed: [...changed.values()],
      gone: [...keysBefore].filter((key) => !changed.has(key)),
    };
  }

  #groupAround(service: string): AddressGroup {
    const services = new Set([service]);
    // a set that is walked hands out what is added meanwhile, too
    for (const each of services) {
      for (const ip of this.#ips.get(each) ?? []) {
        for (const other of this.holdersOf(ip)) {
          services.add(other);
        }
      }
    }
    const sorted = [...services].sort();
    return { key: electingIp(this.#ips.get(sorted[0] ?? service) ?? []), services: sorted };
  }
}
