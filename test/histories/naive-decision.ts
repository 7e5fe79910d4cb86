/** Which addresses a Service must have now: MetalLB's convergence of one Service, with what docs/design/allocation.md adds. */

import type { Family } from "#lib/address/ip.ts";
import type { Refusal } from "#lib/allocation/decision.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import {
  type Address,
  acceptableFamilies,
  addressesOf,
  annotation,
  contestedAddress,
  familiesOf,
  familyOf,
  hasAcceptableFamilies,
  holdTheSame,
  inOrderOfTrial,
  isAvoided,
  isExcluded,
  poolWith,
  requestedAddresses,
  servesLabels,
  servesNamespace,
} from "./naive-rules.ts";
import {
  candidates,
  displacedBy,
  givenUpLast,
  isBeingLeft,
  isSetAside,
  isWithinQuota,
  type State,
  whyNotGiven,
} from "./naive-state.ts";

export interface Given {
  /** In the order in which the status lists them. */
  readonly addresses: readonly Address[];
  readonly pool: string;
  /** Keys of the Services that lose theirs to it. */
  readonly displaced: readonly string[];
}

export interface Refused {
  readonly reason: Refusal;
}

export type Outcome = Given | Refused;

export function isGiven(outcome: Outcome): outcome is Given {
  return "addresses" in outcome;
}

export function decide(state: State, service: Service): Outcome {
  const refusal = whyNothing(state, service);
  if (refusal !== undefined) {
    return { reason: refusal };
  }
  const has = addressesNow(state, service);
  if (has.length === 0) {
    return comeBack(state, service) ?? choose(state, service);
  }
  return (
    leave(state, service, has) ??
    keep(state, service, has) ??
    keepClaim(state, service) ??
    choose(state, service)
  );
}

/** What the Service gets when it has to leave an address for another host, and asks for no other. */
function leave(state: State, service: Service, has: readonly Address[]): Outcome | undefined {
  const contested = contestedAddress(service);
  const needed = stillNeeded(service, has);
  const mustLeave =
    contested !== undefined &&
    needed.includes(contested) &&
    isSetAside(state, contested) &&
    requestedAddresses(service) === "nothing";
  if (!mustLeave) {
    return undefined;
  }
  const decided = claimed(state, service);
  return (
    (decided.includes(contested) ? undefined : stay(state, service, decided)) ??
    stay(
      state,
      service,
      needed.filter((address) => address !== contested),
    ) ??
    choose(state, service)
  );
}

/** The addresses, and one of the family that is missing, if all that is needed comes together so. */
function stay(state: State, service: Service, addresses: readonly Address[]): Given | undefined {
  const kept = mayStay(state, service, addresses);
  const given = kept && completed(state, service, kept);
  return given && hasAcceptableFamilies(service, given.addresses) ? given : undefined;
}

/** What the status says; while it says nothing, what was decided and is not written yet, unless another still shows it. */
function addressesNow(state: State, service: Service): readonly Address[] {
  return service.ingress.length > 0 ? service.ingress : claimed(state, service);
}

function claimed(state: State, service: Service): readonly Address[] {
  const decided = state.claims.get(service.key)?.addresses ?? [];
  const isOpen = decided.every((address) => !isBeingLeft(state, service, address));
  return isOpen ? decided : [];
}

/** What it was given, when somebody else wrote what it may not keep into its status. */
function keepClaim(state: State, service: Service): Given | undefined {
  const has = claimed(state, service);
  const kept = mayKeep(state, service, has);
  const requested = requestedAddresses(service);
  if (kept === undefined || requested === "malformed") {
    return kept;
  }
  return requested === "nothing"
    ? completed(state, service, kept)
    : { ...kept, addresses: requested };
}

function whyNothing({ pools }: State, service: Service): Refusal | undefined {
  const families = familiesOf(service);
  if (pools.length === 0) {
    return "NoPool";
  }
  if (families.length === 0) {
    return "NoClusterIp";
  }
  return service.ipFamilyPolicy === "RequireDualStack" && families.length < 2
    ? "NotEnoughClusterIps"
    : undefined;
}

/** What the Service has, and with PreferDualStack the family that is missing; undefined when it may not keep what it has. */
function keep(state: State, service: Service, has: readonly Address[]): Given | undefined {
  const kept = mayKeep(state, service, stillNeeded(service, has));
  if (kept === undefined) {
    return undefined;
  }
  const requested = requestedAddresses(service);
  if (requested === "malformed") {
    return kept;
  }
  return requested === "nothing"
    ? completed(state, service, kept)
    : { ...kept, addresses: requested };
}

/** Of one address of each family, the one that still serves when the Service has come to need one family. */
function stillNeeded(service: Service, has: readonly Address[]): readonly Address[] {
  const [family, ...others] = familiesOf(service);
  const isPair = has.length === 2 && new Set(has.map(familyOf)).size === 2;
  return isPair && others.length === 0 ? has.filter((one) => familyOf(one) === family) : has;
}

function mayKeep(state: State, service: Service, addresses: readonly Address[]): Given | undefined {
  return hasAcceptableFamilies(service, addresses) ? mayStay(state, service, addresses) : undefined;
}

/** Be they too few or not. */
function mayStay(state: State, service: Service, addresses: readonly Address[]): Given | undefined {
  const pool = addresses.length === 0 ? undefined : poolWith(state.pools, addresses);
  if (pool === undefined) {
    return undefined;
  }
  const displaced: string[] = [];
  for (const address of addresses) {
    const losers = displacedBy(state, service, address);
    if (losers === undefined || isAvoided(pool, address)) {
      return undefined;
    }
    displaced.push(...losers);
  }
  const asked = annotation(service, "address-pool");
  const requested = requestedAddresses(service);
  const isPermitted = servesNamespace(pool, service) && servesLabels(pool, service);
  const isAsAsked =
    (asked === "" || asked === pool.name) &&
    (typeof requested === "string" || holdTheSame(requested, addresses));
  return isPermitted && isAsAsked ? { addresses, pool: pool.name, displaced } : undefined;
}

/** With an address of the family that PreferDualStack lacks, if the same pool gives one. */
function completed(state: State, service: Service, given: Given): Given {
  const [first] = given.addresses;
  const pool = state.pools.find(({ name }) => name === given.pool);
  const missing = familiesOf(service).find((family) =>
    given.addresses.every((address) => familyOf(address) !== family),
  );
  if (pool === undefined || first === undefined || missing === undefined) {
    return given;
  }
  const added = candidates(state, pool, service, missing).find((address) =>
    isWithinQuota(state, pool, service, [address], given.addresses),
  );
  return added === undefined
    ? given
    : { ...given, addresses: missing === "IPv4" ? [added, first] : [first, added] };
}

function choose(state: State, service: Service): Outcome {
  const requested = requestedAddresses(service);
  const asked = annotation(service, "address-pool");
  if (requested === "malformed") {
    return { reason: "BadRequest" };
  }
  if (requested !== "nothing") {
    return chooseRequested(state, service, requested, asked);
  }
  return search(state, service, asked);
}

function chooseRequested(
  state: State,
  service: Service,
  requested: readonly Address[],
  asked: string,
): Outcome {
  const families = familiesOf(service);
  if (!holdTheSame(requested.map(familyOf), families)) {
    return { reason: "BadRequest" };
  }
  const pool = poolWith(state.pools, requested);
  if (pool === undefined) {
    const stray = requested.find((one) => poolWith(state.pools, [one]) === undefined);
    const isOut = stray !== undefined && isExcluded(state.pools, stray);
    return { reason: isOut ? "AddressExcluded" : "NotInAnyPool" };
  }
  const reason = whyNotPool(pool, service) ?? whyNotThese(state, pool, service, requested);
  if (reason !== undefined) {
    return { reason };
  }
  return asked !== "" && asked !== pool.name
    ? { reason: "BadRequest" }
    : { addresses: requested, pool: pool.name, displaced: [] };
}

function whyNotPool(pool: Pool, service: Service): Refusal | undefined {
  if (!servesNamespace(pool, service)) {
    return "PoolNotForNamespace";
  }
  return servesLabels(pool, service) ? undefined : "PoolNotForService";
}

function whyNotThese(
  state: State,
  pool: Pool,
  service: Service,
  addresses: readonly Address[],
): Refusal | undefined {
  for (const address of addresses) {
    const reason = isAvoided(pool, address)
      ? "AddressAvoided"
      : whyNotGiven(state, service, address);
    if (reason !== undefined) {
      return reason;
    }
  }
  return isWithinQuota(state, pool, service, addresses) ? undefined : "QuotaReached";
}

/** What the Service gave up last and still needs, if it asks for no other and may have that again. */
function comeBack(state: State, service: Service): Given | undefined {
  const families = familiesOf(service);
  const last = givenUpLast(state, service).filter((one) => families.includes(familyOf(one)));
  const pool = last.length === 0 ? undefined : poolWith(state.pools, last);
  const asked = annotation(service, "address-pool");
  const isOpen = pool !== undefined && (asked === "" ? pool.autoAssign : asked === pool.name);
  const mayHave =
    isOpen &&
    requestedAddresses(service) === "nothing" &&
    hasAcceptableFamilies(service, last) &&
    !last.some((address) => isSetAside(state, address)) &&
    whyNotPool(pool, service) === undefined &&
    whyNotThese(state, pool, service, last) === undefined;
  return mayHave
    ? completed(state, service, { addresses: last, pool: pool.name, displaced: [] })
    : undefined;
}

/** By name if a pool is asked for; else those with a serviceAllocation, and only when none of them gives anything the others. */
function search(state: State, service: Service, asked: string): Outcome {
  const named = state.pools.find(({ name }) => name === asked);
  if (asked !== "" && named === undefined) {
    return { reason: "UnknownPool" };
  }
  if (acceptableFamilies(service).length === 0) {
    return { reason: "FamilyMissing" };
  }
  const pools = inOrderOfTrial(named === undefined ? state.pools : [named]);
  const reasons = pools.map((pool) => whyClosed(pool, service, named));
  const open = pools.filter((_, index) => reasons[index] === undefined);
  const isPinned = ({ serviceAllocation }: Pool) => serviceAllocation !== undefined;
  for (const group of [open.filter(isPinned), open.filter((pool) => !isPinned(pool))]) {
    const given = firstOf(state, service, group);
    if (given !== undefined) {
      return given;
    }
  }
  return { reason: nearest([...reasons, ...open.map((pool) => whyEmpty(state, pool, service))]) };
}

function whyClosed(pool: Pool, service: Service, named: Pool | undefined): Refusal | undefined {
  return named === undefined && !pool.autoAssign ? "AutoAssignOff" : whyNotPool(pool, service);
}

/** Of the first pool that gives the families most wanted, or else of the first that gives the next best. */
function firstOf(state: State, service: Service, pools: readonly Pool[]): Given | undefined {
  for (const families of acceptableFamilies(service)) {
    for (const pool of pools) {
      const lists = families.map((family) => candidates(state, pool, service, family));
      const addresses = combinations(lists).find((each) =>
        isWithinQuota(state, pool, service, each),
      );
      if (addresses !== undefined) {
        return { addresses, pool: pool.name, displaced: [] };
      }
    }
  }
  return undefined;
}

/** One of each list, those first that take an early one of the first list. */
function combinations([first = [], second]: readonly (readonly Address[])[]): Address[][] {
  return first.flatMap((one) => (second === undefined ? [[one]] : second.map((two) => [one, two])));
}

/** Why a pool that serves the Service gave nothing: of the families that would do, the first that the pool has at all. */
function whyEmpty(state: State, pool: Pool, service: Service): Refusal {
  const has = (family: Family) => addressesOf(pool).some((one) => familyOf(one) === family);
  const [tried] = acceptableFamilies(service).filter((families) => families.every(has));
  if (tried === undefined) {
    return "FamilyMissing";
  }
  const isExhausted = tried.some((family) => candidates(state, pool, service, family).length === 0);
  return isExhausted ? "PoolExhausted" : "QuotaReached";
}

/** The reason that is told when pools have different ones: of the pool that came nearest to giving an address. */
function nearest(reasons: readonly (Refusal | undefined)[]): Refusal {
  const order = [
    "PoolExhausted",
    "QuotaReached",
    "FamilyMissing",
    "PoolNotForService",
    "PoolNotForNamespace",
    "AutoAssignOff",
  ] as const;
  return order.find((reason) => reasons.includes(reason)) ?? "FamilyMissing";
}
