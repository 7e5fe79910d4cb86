/** Whether a Service keeps the addresses it has, and what is added to them. */

import { type Family, formatIp, type Ip, ipsWithout } from "#lib/address/ip.ts";
import { POOL_ANNOTATION } from "#lib/api/annotations.ts";
import type { Assignment } from "./decision.ts";
import { acceptableFamilies, isPair } from "./families.ts";
import { refuseToKeep } from "./permission.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import type { Question } from "./question.ts";
import { lowestOf } from "./search.ts";
import { continued, listIps, shorten } from "./sentence.ts";
import { shownIps } from "./shown-ips.ts";
import type { Wish } from "./wish.ts";

/**
 * The addresses that a Service has when it is looked at, or as text what its status has in their place.
 *
 * While a first write is under way the status says nothing, and what was allocated counts: unless somebody has come to be
 * in the way who was not, for it would be new to the status.
 */
export function presentOf(question: Question): readonly Ip[] | string {
  const { service } = question;
  const { ingress } = service;
  if (ingress.length === 0) {
    return unshown(question);
  }
  const ips = shownIps(service);
  return ips.length === ingress.length ? ips : ingress.join(" and ");
}

/** What was allocated to the Service, if it may come to show that. */
export function unshown({ allocations, holder }: Question): readonly Ip[] {
  const ips = allocations.allocationOf(holder.key)?.ips ?? NOTHING;
  const isOpen = ips.every((ip) => allocations.obstacleToGive(ip, holder)?.kind !== "leaving");
  return isOpen ? ips : NOTHING;
}

const NOTHING: readonly Ip[] = [];

/**
 * What stays of two addresses when the Service has come to need one family; all of them otherwise. MetalLB gives such a
 * Service a new address: we see no reason to take from it the one that still serves.
 */
export function stillNeeded({ families }: Question, ips: readonly Ip[]): readonly Ip[] {
  const isHalfNeeded = families.length === 1 && isPair(ips);
  return isHalfNeeded ? ips.filter(({ family }) => families.includes(family)) : ips;
}

/** The pool whose addresses the Service keeps, or why it may not keep them. */
export function homeOf(question: Question, ips: readonly Ip[], wish: Wish): PoolLedger | string {
  return isAcceptable(question, ips) ? placeOf(question, ips, wish) : needOf(question);
}

/** As `homeOf`, for addresses that may be too few. */
export function placeOf(question: Question, ips: readonly Ip[], wish: Wish): PoolLedger | string {
  const ledger = question.allocations.pools.having(ips);
  if (ledger === undefined) {
    return ofNoPool(question, ips) ?? `no pool has ${listIps(ips)}`;
  }
  const finding = refuseToKeep(question, ledger, ips);
  if (finding !== undefined) {
    return continued(finding.message);
  }
  return otherAsked(ips, ledger, wish) ?? ledger;
}

export function needOf({ service, families }: Question): string {
  return `${service.key} needs ${families.join(" and ")}`;
}

function ofNoPool({ allocations }: Question, ips: readonly Ip[]): string | undefined {
  for (const ip of ips) {
    const pool =
      allocations.pools.having([ip]) === undefined ? allocations.pools.excluding(ip) : undefined;
    if (pool !== undefined) {
      return `${formatIp(ip)} is excluded from pool "${pool.name}" by its annotation ${POOL_ANNOTATION.exclude}`;
    }
  }
  return undefined;
}

/** A request that cannot be read changes nothing, nor does one that is withdrawn. */
function otherAsked(ips: readonly Ip[], { pool }: PoolLedger, wish: Wish): string | undefined {
  if (wish.pool !== undefined && wish.pool.name !== pool.name) {
    return `${wish.pool.askedBy} asks for pool "${shorten(wish.pool.name)}", and ${listIps(ips)} is of pool "${pool.name}"`;
  }
  const asked = wish.addresses;
  return asked === undefined || isSameSet(asked.ips, ips)
    ? undefined
    : `${asked.askedBy} asks for ${listIps(asked.ips)}`;
}

/** The addresses that stay, and with PreferDualStack one of the family that is missing. */
export function keep(
  question: Question,
  ips: readonly Ip[],
  ledger: PoolLedger,
  wish: Wish,
  why = "kept: the Service has it",
): Assignment {
  const kept: Assignment = {
    kind: "assign",
    ips: wish.addresses?.ips ?? ips,
    pool: ledger.pool.name,
    why,
    tried: [],
  };
  if (wish.malformed !== undefined) {
    const { message } = wish.malformed;
    return { ...kept, warning: { reason: "LoadBalancerFailed", message } };
  }
  const missing = question.families.find((family) => ips.every((ip) => ip.family !== family));
  return missing === undefined || wish.addresses !== undefined
    ? kept
    : add(question, missing, ledger, kept);
}

function add(question: Question, family: Family, ledger: PoolLedger, kept: Assignment): Assignment {
  const { allocations, holder } = question;
  const counted = kept.ips.filter((ip) => !allocations.isHeldInNamespace(ip, holder));
  const added = lowestOf(question, ledger, [family], counted.length);
  if ("reason" in added) {
    const message = `${question.service.key} keeps ${listIps(kept.ips)} alone: ${continued(added.message)}`;
    return { ...kept, warning: { reason: "AdditionalAssignFailed", message } };
  }
  return {
    ...kept,
    ips: family === "IPv4" ? [...added, ...kept.ips] : [...kept.ips, ...added],
    why: `${kept.why}, and ${listIps(added)} added: lowest that it may use of the same pool`,
  };
}

export function isAcceptable(question: Question, ips: readonly Ip[]): boolean {
  const has = (family: Family): boolean => ips.some((ip) => ip.family === family);
  return acceptableFamilies(question.service).some(
    (families) => families.length === ips.length && families.every(has),
  );
}

function isSameSet(a: readonly Ip[], b: readonly Ip[]): boolean {
  return a.length === b.length && ipsWithout(a, b).length === 0;
}
