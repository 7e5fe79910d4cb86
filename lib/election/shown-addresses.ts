/**
 * The addresses that Services show in their status, and who leaves one to whom where several show it and do not share.
 * The answer follows from the Services alone, so it is the same on every node.
 */

import { formatIp } from "#lib/address/ip.ts";
import { byPrecedence, doShare, type Holder, holderFrom } from "#lib/allocation/holder.ts";
import { shownIps } from "#lib/allocation/shown-ips.ts";
import type { Service } from "#lib/api/service.ts";

/** Who keeps an address that another Service shows too. */
export type Keeper = Pick<Holder, "key" | "creationTimestamp">;

interface Shown {
  readonly service: Service;
  /** Canonical text, each once. */
  readonly ips: ReadonlySet<string>;
}

const NOBODY: ReadonlyMap<string, Keeper> = new Map();

export class ShownAddresses {
  readonly #services = new Map<string, Shown>();
  /** By address, then by the Service's key. */
  readonly #showing = new Map<string, Map<string, Service>>();
  /** By address, then by the key of the Service that leaves it. */
  readonly #keepers = new Map<string, ReadonlyMap<string, Keeper>>();
  /** Addresses whose keepers are to be found again. */
  readonly #touched = new Set<string>();

  put(service: Service): void {
    const { key } = service;
    if (this.#services.get(key)?.service === service) {
      return;
    }
    this.remove(key);
    const ips = new Set(shownIps(service).map(formatIp));
    this.#services.set(key, { service, ips });
    for (const ip of ips) {
      const showing = this.#showing.get(ip) ?? new Map<string, Service>();
      this.#showing.set(ip, showing.set(key, service));
      this.#touched.add(ip);
    }
  }

  remove(key: string): void {
    for (const ip of this.#services.get(key)?.ips ?? []) {
      const showing = this.#showing.get(ip);
      showing?.delete(key);
      if (showing?.size === 0) {
        this.#showing.delete(ip);
      }
      this.#touched.add(ip);
    }
    this.#services.delete(key);
  }

  /**
   * Finds the keepers anew where something changed, each address once however much changed there.
   *
   * @returns keys of the Services that leave an address, or left it, otherwise than before
   */
  settle(): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const ip of this.#touched) {
      const before = this.#keepers.get(ip) ?? NOBODY;
      const now = keepersAmong(this.#showing.get(ip)?.values());
      for (const key of [...before.keys(), ...now.keys()]) {
        if (!isSameKeeper(before.get(key), now.get(key))) {
          changed.add(key);
        }
      }
      if (now.size === 0) {
        this.#keepers.delete(ip);
      } else {
        this.#keepers.set(ip, now);
      }
    }
    this.#touched.clear();
    return changed;
  }

  /** The addresses that a Service shows and leaves to another, in canonical text, and to whom. */
  keepers(service: string): ReadonlyMap<string, Keeper> {
    const keepers = new Map<string, Keeper>();
    for (const ip of this.#services.get(service)?.ips ?? []) {
      const keeper = this.#keepers.get(ip)?.get(service);
      if (keeper !== undefined) {
        keepers.set(ip, keeper);
      }
    }
    return keepers;
  }
}

/**
 * In order of precedence each stays that shares with all that stay before it; the others leave.
 *
 * @param services all that show one address
 * @returns by the key of each that leaves: the one that is in its way
 */
function keepersAmong(services: Iterable<Service> = []): ReadonlyMap<string, Keeper> {
  const [first, ...others] = [...services].map(holderFrom).sort(byPrecedence);
  if (first === undefined || others.length === 0) {
    return NOBODY;
  }
  const keepers = new Map<string, Keeper>();
  const stayingAt = new Map(first.ports.map((port) => [port, first]));
  for (const holder of others) {
    // All that stay share with the first; of them, only one that has a port of this holder can be in its way.
    const rivals = [first, ...holder.ports.flatMap((port) => stayingAt.get(port) ?? [])];
    const keeper = rivals.find((rival) => !doShare(rival, holder));
    if (keeper !== undefined) {
      keepers.set(holder.key, keeper);
      continue;
    }
    for (const port of holder.ports) {
      stayingAt.set(port, holder);
    }
  }
  return keepers;
}

function isSameKeeper(a: Keeper | undefined, b: Keeper | undefined): boolean {
  return a?.key === b?.key && a?.creationTimestamp === b?.creationTimestamp;
}
