/** Whether a Service may use a pool, and whether it may have an address of it. */

import { formatIp, type Ip } from "#lib/address/ip.ts";
import { ANNOTATION, POOL_ANNOTATION } from "#lib/api/annotations.ts";
import { covers } from "#lib/api/covering.ts";
import { listNames } from "#lib/api/list-names.ts";
import type { PoolFinding } from "./decision.ts";
import type { Holder } from "./holder.ts";
import type { Obstacle } from "./holding.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import type { Question } from "./question.ts";
import { shorten } from "./sentence.ts";

/** Why the pool's serviceAllocation keeps the Service out. */
export function refuseService({ service }: Question, ledger: PoolLedger): PoolFinding | undefined {
  const { pool, namespaces } = ledger;
  if (namespaces !== undefined && !namespaces.has(service.namespace)) {
    const served =
      namespaces.size === 0
        ? "no namespace that exists"
        : `only the namespaces ${listNames([...namespaces])}`;
    return {
      reason: "PoolNotForNamespace",
      message: `Pool "${pool.name}" serves ${served}: ${service.key} is in "${service.namespace}"`,
      because: `namespace "${service.namespace}" is not among its namespaces`,
    };
  }
  const selectors = pool.serviceAllocation?.serviceSelectors ?? [];
  return covers(selectors, service.labels)
    ? undefined
    : {
        reason: "PoolNotForService",
        message: `Pool "${pool.name}" serves only Services that its serviceSelectors match: give ${service.key} such labels, or use another pool`,
        because: "none of its serviceSelectors matches",
      };
}

/** Why the Service may not go on with the addresses that it has, all of which the pool has. */
export function refuseToKeep(
  question: Question,
  ledger: PoolLedger,
  ips: readonly Ip[],
): PoolFinding | undefined {
  const { allocations, holder } = question;
  return refuseAny(question, ledger, ips, (ip) => allocations.obstacleToKeep(ip, holder));
}

/** Why the Service may not be given the addresses, all of which the pool has. */
export function refuseToGive(
  question: Question,
  ledger: PoolLedger,
  ips: readonly Ip[],
): PoolFinding | undefined {
  const { allocations, holder } = question;
  return (
    refuseAny(question, ledger, ips, (ip) => allocations.obstacleToGive(ip, holder)) ??
    refuseBeyondQuota(question, ledger, ips)
  );
}

function refuseAny(
  question: Question,
  ledger: PoolLedger,
  ips: readonly Ip[],
  obstacleAt: (ip: Ip) => Obstacle | undefined,
): PoolFinding | undefined {
  let finding = refuseService(question, ledger);
  for (const ip of ips) {
    finding ??= refuseAvoided(question, ledger, ip) ?? refuseTaken(question, ip, obstacleAt(ip));
  }
  return finding;
}

function refuseBeyondQuota(
  question: Question,
  ledger: PoolLedger,
  ips: readonly Ip[],
): PoolFinding | undefined {
  const { allocations, holder } = question;
  const added = ips.filter((ip) => !allocations.isHeldInNamespace(ip, holder));
  return added.length > allocations.quotaLeft(holder, ledger)
    ? quotaReached(question, ledger, added.length)
    : undefined;
}

/** @param needed how many addresses more than its namespace has already */
export function quotaReached(
  { service }: Question,
  ledger: PoolLedger,
  needed: number,
): PoolFinding {
  const { maxPerNamespace = 0, name } = ledger.pool;
  const has = ledger.heldIn(service.namespace);
  const limit = `of the ${maxPerNamespace} addresses`;
  const byWhat = `that ${POOL_ANNOTATION.maxPerNamespace} allows`;
  const more = `${needed === 1 ? "one" : needed} more`;
  return {
    reason: "QuotaReached",
    message: `Namespace "${service.namespace}" has ${has} ${limit} of pool "${name}" ${byWhat}, and ${service.key} needs ${more}: raise that, or delete a Service of the namespace`,
    because: `namespace "${service.namespace}" has ${has} ${limit} ${byWhat}, and ${more} would be needed`,
  };
}

function refuseAvoided(
  { allocations }: Question,
  { pool }: PoolLedger,
  ip: Ip,
): PoolFinding | undefined {
  return allocations.pools.isAvoided(ip)
    ? {
        reason: "AddressAvoided",
        message: `${formatIp(ip)} ends in .0 or .255, which pool "${pool.name}" avoids: use another address, or set its avoidBuggyIPs to false`,
        because: `it avoids ${formatIp(ip)}, which ends in .0 or .255`,
      }
    : undefined;
}

function refuseTaken(
  { holder }: Question,
  ip: Ip,
  obstacle: Obstacle | undefined,
): PoolFinding | undefined {
  const address = formatIp(ip);
  switch (obstacle?.kind) {
    case undefined:
      return undefined;
    case "port taken":
      return {
        reason: "PortTaken",
        message: `${address} is shared with ${obstacle.other}, which already uses ${obstacle.port}: change a port, or use another address`,
        because: `${address} is held by ${obstacle.other}, which uses ${obstacle.port} too`,
      };
    case "no consent":
      return {
        reason: "HeldByAnother",
        message: `${address} is held by ${obstacle.other.key}, and the two do not share: ${agreeBy(obstacle.other, holder)}`,
        because: `${address} is held by ${obstacle.other.key}, which does not share: ${agreeBriefly(obstacle.other, holder)}`,
      };
    case "leaving":
      return {
        reason: "HeldByAnother",
        message: `${address} was ${obstacle.other}'s, whose status shows it still: it is free as soon as that is written`,
        because: `${address} is still shown by ${obstacle.other}, which has lost it`,
      };
  }
}

function agreeBy(other: Holder, holder: Holder): string {
  if (hasOtherKey(other, holder)) {
    const now = `${shownKey(other)} and ${shownKey(holder)}`;
    return `give both the same ${ANNOTATION.allowSharedIp} (now ${now})`;
  }
  return "set externalTrafficPolicy of both to Cluster, or of both to Local with the same selector";
}

function agreeBriefly(other: Holder, holder: Holder): string {
  return hasOtherKey(other, holder)
    ? "give both the same allow-shared-ip"
    : "give both the same externalTrafficPolicy and, if Local, the same selector";
}

function hasOtherKey(other: Holder, holder: Holder): boolean {
  return other.sharingKey === "" || other.sharingKey !== holder.sharingKey;
}

function shownKey({ sharingKey }: Holder): string {
  return sharingKey === "" ? "unset" : `"${shorten(sharingKey)}"`;
}
