/** What the naive model knows, and the questions about it that concern one address: all answered by looking at every Service. */

import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import {
  type Address,
  addressesOf,
  doConsent,
  doPortsClash,
  doShare,
  goesFirst,
  isAvoided,
} from "./naive-rules.ts";

/** What was decided for a Service, which is as it was then. */
export interface Claim {
  readonly service: Service;
  readonly addresses: readonly Address[];
}

/** That a Service gave up an address, or lost it. */
export interface Release {
  /** The key of the Service. */
  readonly by: string;
  readonly address: Address;
  readonly atMs: number;
}

/** That an address is set aside, or was. */
export interface Aside {
  readonly untilMs: number;
  readonly holdMs: number;
}

export interface State {
  readonly nowMs: number;
  readonly pools: readonly Pool[];
  readonly nodeAddresses: ReadonlySet<Address>;
  /** What the watch has told, by key. */
  readonly services: ReadonlyMap<string, Service>;
  readonly claims: ReadonlyMap<string, Claim>;
  /** What each Service's status shows, as far as the controller has looked, and the Service as it was then. */
  readonly shown: ReadonlyMap<string, Claim>;
  readonly releases: readonly Release[];
  readonly aside: ReadonlyMap<Address, Aside>;
}

export function isSetAside({ aside, nowMs }: State, address: Address): boolean {
  return nowMs < (aside.get(address)?.untilMs ?? 0);
}

/** Those other Services to which the address was given, each as it was then. */
export function holdersOf(state: State, address: Address, except: string): readonly Service[] {
  return [...state.claims.values()]
    .filter(({ service, addresses }) => service.key !== except && addresses.includes(address))
    .map(({ service }) => service);
}

/** Those other Services whose status shows the address although they were given another, or none. */
function leaversOf(state: State, address: Address, except: string): readonly Service[] {
  return [...state.shown.values()]
    .filter(
      ({ service: { key }, addresses }) =>
        key !== except &&
        addresses.includes(address) &&
        !state.claims.get(key)?.addresses.includes(address),
    )
    .map(({ service }) => service);
}

/** Whether it is no news that the Service's status shows the address. */
function isKnownAt({ claims, shown }: State, { key }: Service, address: Address): boolean {
  return [claims.get(key), shown.get(key)].some((known) => known?.addresses.includes(address));
}

/** Why a Service may not be given the address. */
export function whyNotGiven(
  state: State,
  service: Service,
  address: Address,
): "HeldByAnother" | "PortTaken" | undefined {
  const holders = holdersOf(state, address, service.key);
  if (holders.some((holder) => !doConsent(holder, service))) {
    return "HeldByAnother";
  }
  if (holders.some((holder) => doPortsClash(holder, service))) {
    return "PortTaken";
  }
  return isLeftByOpponent(state, service, address) ? "HeldByAnother" : undefined;
}

/** Whether the status of somebody who does not share it shows the address still. */
function isLeftByOpponent(state: State, service: Service, address: Address): boolean {
  return leaversOf(state, address, service.key).some((leaver) => !doShare(leaver, service));
}

/** Whether the address, which the Service was given and does not show yet, has come to be shown by somebody who is leaving it. */
export function isBeingLeft(state: State, service: Service, address: Address): boolean {
  const holders = holdersOf(state, address, service.key);
  return (
    holders.every((holder) => doShare(holder, service)) && isLeftByOpponent(state, service, address)
  );
}

/** Those who have to leave the address if the Service stays; undefined when it is the Service that has to. */
export function displacedBy(
  state: State,
  service: Service,
  address: Address,
): readonly string[] | undefined {
  const others = holdersOf(state, address, service.key).filter((other) => !doShare(other, service));
  const isFirst =
    !isKnownAt(state, service, address) && others.every((other) => goesFirst(service, other));
  return others.length === 0 || isFirst ? others.map(({ key }) => key) : undefined;
}

/** The addresses that the Service gave up last, all at once. */
export function givenUpLast({ releases }: State, { key }: Service): readonly Address[] {
  const own = releases.filter(({ by }) => by === key);
  const lastMs = Math.max(...own.map(({ atMs }) => atMs));
  return own.filter(({ atMs }) => atMs === lastMs).map(({ address }) => address);
}

/** How good the address is to give away: 0 as any other, 1 held back after its release, 2 the address of a node. */
function rankOf(state: State, pool: Pool, address: Address): 0 | 1 | 2 {
  const used = [...state.claims.values(), ...state.shown.values()];
  const isInUse = used.some(({ addresses }) => addresses.includes(address));
  if (isInUse) {
    return 0;
  }
  if (state.nodeAddresses.has(address)) {
    return 2;
  }
  const isHeldBack = state.releases.some(
    (release) => release.address === address && state.nowMs < release.atMs + pool.holdReleasedMs,
  );
  return isHeldBack ? 1 : 0;
}

/**
 * Whether max-per-namespace lets the Service be given the addresses together; what its namespace has already is no more
 * than before.
 *
 * @param kept what the Service has already and keeps
 */
export function isWithinQuota(
  state: State,
  pool: Pool,
  service: Service,
  addresses: readonly Address[],
  kept: readonly Address[] = [],
): boolean {
  const held = new Set(kept);
  for (const claim of state.claims.values()) {
    const isOther = claim.service.key !== service.key;
    if (isOther && claim.service.namespace === service.namespace) {
      for (const address of claim.addresses.filter((one) => addressesOf(pool).includes(one))) {
        held.add(address);
      }
    }
  }
  const added = addresses.filter((address) => !held.has(address)).length;
  return added === 0 || held.size + added <= (pool.maxPerNamespace ?? Number.POSITIVE_INFINITY);
}

/** The addresses of the pool that the Service could be given, the best first. */
export function candidates(
  state: State,
  pool: Pool,
  service: Service,
  family: "IPv4" | "IPv6",
): readonly Address[] {
  const possible = addressesOf(pool).filter(
    (address) =>
      address.includes(":") === (family === "IPv6") &&
      !isAvoided(pool, address) &&
      !isSetAside(state, address) &&
      whyNotGiven(state, service, address) === undefined,
  );
  return [0, 1, 2].flatMap((rank) =>
    possible.filter((address) => rankOf(state, pool, address) === rank),
  );
}
