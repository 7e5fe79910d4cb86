/** What must be true whatever has happened. Each function throws a sentence that says what is not. */

import { formatIp } from "#lib/address/ip.ts";
import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import type { SetAside } from "#lib/allocation/set-aside.ts";
import type { Service } from "#lib/api/service.ts";
import { decide, isGiven, type Outcome } from "./naive-decision.ts";
import {
  type Address,
  addressesOf,
  contestedAddress,
  doShare,
  familyOf,
  hasAcceptableFamilies,
  holdTheSame,
  isAvoided,
  poolWith,
  requestedAddresses,
  servesLabels,
  servesNamespace,
} from "./naive-rules.ts";
import type { State } from "./naive-state.ts";

export class Violation extends Error {}

/** The write that makes `after` of `before` adds no address that another Service shows, unless the two share it. */
export function expectNoDouble(
  state: State,
  before: Service,
  after: Service,
  stored: Iterable<Service>,
): void {
  const added = after.ingress.filter((address) => !before.ingress.includes(address));
  for (const other of stored) {
    const address = added.find((one) => other.key !== after.key && other.ingress.includes(one));
    // Who consents no more, or no more to this port, is known when it has been looked at.
    const known = state.shown.get(other.key)?.service ?? other;
    if (address !== undefined && !doShare(known, state.shown.get(after.key)?.service ?? after)) {
      throw new Violation(`${after.key} is shown ${address}, which ${other.key} shows`);
    }
  }
}

/** What the model has predicted for a Service is what the controller has made of it. */
export function expectOutcome(expected: Outcome, before: Service, after: Service): void {
  const pool = after.annotations["metallb.io/ip-allocated-from-pool"];
  const condition = after.conditions.find(({ type }) => type === "herald-lb.io/AddressAllocated");
  const actual = `${after.ingress} of ${pool} (${condition?.reason})`;
  const isForeign =
    !isGiven(expected) &&
    expected.reason === "NoPool" &&
    before.annotations["metallb.io/ip-allocated-from-pool"] === undefined;
  const wanted = isGiven(expected)
    ? `${expected.addresses} of ${expected.pool} (Allocated)`
    : `${isForeign ? before.ingress : ""} of undefined (${expected.reason})`;
  if (actual !== wanted) {
    throw new Violation(`${after.key} must have ${wanted}, and has ${actual}`);
  }
}

/** Once nothing is left to do. */
export function expectSettled(
  state: State,
  stored: readonly Service[],
  usage: readonly PoolUsage[],
): void {
  for (const service of stored) {
    for (const address of service.ingress) {
      expectSharedByConsent(service, address, stored);
    }
    if (state.pools.length > 0 && service.ingress.length > 0) {
      expectPermitted(state, service);
    }
    expectNothingMissed(state, service);
    expectConflictHeeded(service);
  }
  expectUsage(state, stored, usage);
}

/** Nobody stays at an address for which it has to make way, or is told of another host at one that it has not. */
function expectConflictHeeded(service: Service): void {
  const condition = service.conditions.find(({ type }) => type === "herald-lb.io/AddressConflict");
  const isHere = service.ingress.some((address) => condition?.message.includes(` ${address}`));
  if (condition?.status === "True" && (!isHere || contestedAddress(service) !== undefined)) {
    throw new Violation(`${service.key} has ${service.ingress}, and is told: ${condition.message}`);
  }
}

/** A refusal may be of an earlier state, as long as nothing could be given now. */
function expectNothingMissed(state: State, service: Service): void {
  const outcome = decide(state, service);
  if (isGiven(outcome) || service.ingress.length > 0) {
    expectOutcome(outcome, service, service);
  }
}

function expectSharedByConsent(
  service: Service,
  address: Address,
  stored: readonly Service[],
): void {
  const other = stored.find(({ key, ingress }) => key !== service.key && ingress.includes(address));
  if (other !== undefined && !doShare(service, other)) {
    throw new Violation(`${service.key} and ${other.key} both show ${address}`);
  }
}

function expectPermitted(state: State, service: Service): void {
  const { ingress, key } = service;
  const pool = poolWith(state.pools, ingress);
  if (pool === undefined) {
    throw new Violation(`${key} has ${ingress}, which no pool has`);
  }
  const requested = requestedAddresses(service);
  const isAsAsked = typeof requested === "string" || holdTheSame(requested, ingress);
  const isPermitted =
    servesNamespace(pool, service) &&
    servesLabels(pool, service) &&
    !ingress.some((address) => isAvoided(pool, address));
  const isAcceptable = hasAcceptableFamilies(service, ingress) || typeof requested !== "string";
  if (!(isAsAsked && isPermitted && isAcceptable)) {
    throw new Violation(`${key} may not have ${ingress}`);
  }
}

/** What is set aside now, until when, and after how long. */
export function expectSetAside({ aside, nowMs }: State, known: Iterable<SetAside>): void {
  const wanted = [...aside].map(([address, { untilMs, holdMs }]) => ({ address, untilMs, holdMs }));
  const actual = Array.from(known, ({ ip, ...rest }) => ({ address: formatIp(ip), ...rest }));
  const [expected, told] = [wanted, actual].map((all) =>
    all
      .filter(({ untilMs }) => nowMs < untilMs)
      .map(({ address, untilMs, holdMs }) => `${address} until ${untilMs} for ${holdMs}`)
      .sort()
      .join(),
  );
  if (expected !== told) {
    throw new Violation(`set aside must be "${expected}", and is "${told}"`);
  }
}

/** The pools' counters are what counting gives. */
function expectUsage(
  { pools }: State,
  stored: readonly Service[],
  usage: readonly PoolUsage[],
): void {
  for (const pool of pools) {
    const all = addressesOf(pool).filter((address) => !isAvoided(pool, address));
    const shown = new Set(stored.flatMap(({ ingress }) => ingress));
    const used = addressesOf(pool).filter((address) => shown.has(address));
    const services = stored.filter(({ ingress }) => ingress.some((one) => used.includes(one)));
    const counted = `${countFamilies(all)} ${countFamilies(used)} ${services.length}`;
    const told = usage.find((one) => one.pool === pool.name);
    const { capacity, inUse } = told ?? { capacity: {}, inUse: {} };
    const text = `${textOf(capacity)} ${textOf(inUse)} ${told?.services}`;
    if (text !== counted) {
      throw new Violation(`the usage of ${pool.name} must be ${counted}, and is ${text}`);
    }
  }
}

function countFamilies(addresses: readonly Address[]): string {
  const ofIpv4 = addresses.filter((address) => familyOf(address) === "IPv4").length;
  return `${ofIpv4}+${addresses.length - ofIpv4}`;
}

function textOf({ IPv4, IPv6 }: { readonly IPv4?: bigint; readonly IPv6?: bigint }): string {
  return `${IPv4}+${IPv6}`;
}
