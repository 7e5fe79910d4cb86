/** What becomes of the naive model's knowledge when the controller looks at a Service, or is told of pools. */

import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import { decide, isGiven, type Outcome } from "./naive-decision.ts";
import { type Address, contestedAddress, goesFirst, poolWith } from "./naive-rules.ts";
import {
  type Aside,
  type Claim,
  holdersOf,
  isSetAside,
  type Release,
  type State,
} from "./naive-state.ts";

const TEN_MINUTES_MS = 600_000;
const DAY_MS = 86_400_000;

/** What a restart brings back. */
export type Memory = Pick<State, "releases" | "aside">;

export class NaiveController implements State {
  pools: readonly Pool[] = [];
  nodeAddresses: ReadonlySet<Address> = new Set();
  readonly services: ReadonlyMap<string, Service>;
  readonly claims = new Map<string, Claim>();
  readonly shown = new Map<string, Claim>();
  releases: readonly Release[];
  aside: ReadonlyMap<Address, Aside>;
  /** What writes carried whose end nobody knows, and the Service as it was then. */
  readonly #doubts = new Map<string, Claim>();
  readonly #now: () => number;
  #hasPools = false;

  /**
   * @param services what the watch has told, by key; it changes as the watch tells more
   * @param now milliseconds since 1970
   * @param memory of an earlier life
   */
  constructor(services: ReadonlyMap<string, Service>, now: () => number, memory: Memory) {
    this.services = services;
    this.#now = now;
    this.releases = memory.releases;
    this.aside = memory.aside;
  }

  get nowMs(): number {
    return this.#now();
  }

  setPools(pools: readonly Pool[]): void {
    this.pools = pools;
    for (const [key, { addresses }] of [...this.claims]) {
      if (poolWith(pools, addresses) === undefined) {
        this.#expel(key);
      }
    }
    if (!this.#hasPools) {
      this.#hasPools = true;
      const assigned = [...this.services.values()].filter(({ ingress }) => ingress.length > 0);
      for (const service of assigned) {
        this.#setAside(contestedAddress(service));
      }
      for (const service of assigned.sort((a, b) => (goesFirst(a, b) ? -1 : 1))) {
        this.#reclaim(service);
      }
    }
  }

  /** What the controller must decide, which is taken for done. */
  look(service: Service): Outcome {
    this.#setAside(contestedAddress(service));
    const outcome = decide(this, service);
    if (isGiven(outcome)) {
      this.#settle(service, outcome.addresses, outcome.displaced);
    } else {
      this.#settle(service, [], []);
    }
    return outcome;
  }

  /**
   * A write of these addresses for the Service, as it was then, has ended.
   *
   * @param end "unknown": its status may show them by now
   */
  wrote(
    service: Service,
    addresses: readonly Address[],
    end: "done" | "refused" | "unknown",
  ): void {
    if (end === "done") {
      this.#doubts.delete(service.key);
    } else if (end === "unknown") {
      this.#doubts.set(service.key, {
        service,
        addresses: [...this.#doubtful(service), ...addresses],
      });
    }
  }

  forget(key: string): void {
    this.#release(key);
    this.shown.delete(key);
    this.#doubts.delete(key);
  }

  /** Before anything new is given, every Service claims what its status shows and it may keep. */
  #reclaim(service: Service): void {
    const outcome = decide(this, service);
    const kept = isGiven(outcome)
      ? outcome.addresses.filter((address) => service.ingress.includes(address))
      : [];
    const displaced = isGiven(outcome) && kept.length > 0 ? outcome.displaced : [];
    this.#settle(service, kept, displaced);
  }

  /** The Service has these addresses now, in place of all that it had. */
  #settle(service: Service, addresses: readonly Address[], displaced: readonly string[]): void {
    const { key } = service;
    const shows = [...service.ingress, ...this.#doubtful(service)];
    const had = this.claims.get(key)?.addresses ?? [];
    const known = [...had, ...(this.shown.get(key)?.addresses ?? [])];
    const unheard = shows.filter(
      (one) => !known.includes(one) && holdersOf(this, one, key).length === 0,
    );
    const lost = [...had, ...unheard].filter((address) => !addresses.includes(address));
    this.#remember(key, lost);
    for (const loser of displaced) {
      this.#expel(loser);
    }
    this.claims.delete(key);
    if (addresses.length > 0) {
      this.claims.set(key, { service, addresses });
    }
    this.shown.set(key, { service, addresses: shows });
  }

  /** What writes of unknown end carried, if the watch has told nothing of the Service since. */
  #doubtful(service: Service): readonly Address[] {
    const doubt = this.#doubts.get(service.key);
    return doubt?.service === service ? doubt.addresses : [];
  }

  /** Takes from a Service what it has while nobody looks at it: its status goes on to show that. */
  #expel(key: string): void {
    const claim = this.claims.get(key);
    if (claim !== undefined) {
      const addresses = [...claim.addresses, ...(this.shown.get(key)?.addresses ?? [])];
      this.shown.set(key, { service: claim.service, addresses });
      this.#release(key);
    }
  }

  #release(key: string): void {
    this.#remember(key, this.claims.get(key)?.addresses ?? []);
    this.claims.delete(key);
  }

  /** For ten minutes, and twice as long as before when that ended within the last day. */
  #setAside(address: Address | undefined): void {
    if (address === undefined || isSetAside(this, address)) {
      return;
    }
    const before = this.aside.get(address);
    const isAgain = before !== undefined && this.nowMs < before.untilMs + DAY_MS;
    const holdMs = isAgain ? Math.min(2 * before.holdMs, DAY_MS) : TEN_MINUTES_MS;
    const untilMs = this.nowMs + holdMs;
    this.aside = new Map(this.aside).set(address, { untilMs, holdMs });
  }

  #remember(key: string, addresses: readonly Address[]): void {
    const added = addresses.map((address) => ({ by: key, address, atMs: this.nowMs }));
    this.releases = [...this.releases, ...added];
  }
}
