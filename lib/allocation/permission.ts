/** Whether a Service may use a pool, and whether it may hold an address of it. */

import { formatIp, type Ip } from "#lib/address/ip.ts";
import { ANNOTATION } from "#lib/api/annotations.ts";
import { covers } from "#lib/api/covering.ts";
import type { Finding } from "./decision.ts";
import type { Holder } from "./holder.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import type { Question } from "./question.ts";
import { listNames, shorten } from "./sentence.ts";

/** Why the pool's serviceAllocation keeps the Service out. */
export function refuseService({ service }: Question, ledger: PoolLedger): Finding | undefined {
  const { pool, namespaces } = ledger;
  if (namespaces !== undefined && !namespaces.has(service.namespace)) {
    const served =
      namespaces.size === 0
        ? "no namespace that exists"
        : `only the namespaces ${listNames([...namespaces])}`;
    return {
      reason: "PoolNotForNamespace",
      message: `Pool "${pool.name}" serves ${served}: ${service.key} is in "${service.namespace}"`,
    };
  }
  const selectors = pool.serviceAllocation?.serviceSelectors ?? [];
  return covers(selectors, service.labels)
    ? undefined
    : {
        reason: "PoolNotForService",
        message: `Pool "${pool.name}" serves only Services that its serviceSelectors match: give ${service.key} such labels, or use another pool`,
      };
}

/** Why the Service may not hold the addresses, all of which the pool has. */
export function refuseAddresses(
  question: Question,
  ledger: PoolLedger,
  ips: readonly Ip[],
): Finding | undefined {
  const refusal = refuseService(question, ledger);
  if (refusal !== undefined) {
    return refusal;
  }
  for (const ip of ips) {
    const finding = refuseAvoided(question, ledger, ip) ?? refuseTaken(question, ip);
    if (finding !== undefined) {
      return finding;
    }
  }
  return undefined;
}

function refuseAvoided(
  { allocations }: Question,
  { pool }: PoolLedger,
  ip: Ip,
): Finding | undefined {
  return allocations.isAvoided(ip)
    ? {
        reason: "AddressAvoided",
        message: `${formatIp(ip)} ends in .0 or .255, which pool "${pool.name}" avoids: use another address, or set its avoidBuggyIPs to false`,
      }
    : undefined;
}

function refuseTaken({ allocations, holder }: Question, ip: Ip): Finding | undefined {
  const obstacle = allocations.obstacle(ip, holder);
  if (obstacle === undefined) {
    return undefined;
  }
  const address = formatIp(ip);
  return obstacle.kind === "port taken"
    ? {
        reason: "PortTaken",
        message: `${address} is shared with ${obstacle.other}, which already uses ${obstacle.port}: change a port, or use another address`,
      }
    : {
        reason: "HeldByAnother",
        message: `${address} is held by ${obstacle.other.service}, and the two do not share: ${agreeBy(obstacle.other, holder)}`,
      };
}

function agreeBy(other: Holder, holder: Holder): string {
  if (other.sharingKey === "" || other.sharingKey !== holder.sharingKey) {
    const now = `${shownKey(other)} and ${shownKey(holder)}`;
    return `give both the same ${ANNOTATION.allowSharedIp} (now ${now})`;
  }
  return "set externalTrafficPolicy of both to Cluster, or of both to Local with the same selector";
}

function shownKey({ sharingKey }: Holder): string {
  return sharingKey === "" ? "unset" : `"${shorten(sharingKey)}"`;
}
