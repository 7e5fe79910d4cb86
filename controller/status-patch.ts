/** From a decision to the one PATCH of services/status that makes it so. */

import { formatIp, type Ip, parseIp } from "#lib/address/ip.ts";
import type { Decision } from "#lib/allocation/decision.ts";
import { isForeign } from "#lib/allocation/precondition.ts";
import { conflictOf, NO_CONFLICT } from "#lib/api/address-conflict.ts";
import { ANNOTATION, CONDITION } from "#lib/api/annotations.ts";
import { nextCondition } from "#lib/api/condition.ts";
import type { Condition, Service } from "#lib/api/service.ts";

/**
 * A strategic merge patch: conditions merge by type, so those of others stay. The resourceVersion makes the API server
 * refuse a decision about a Service that has changed since (409).
 */
export interface StatusPatch {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string | null>>;
  };
  readonly status: {
    readonly loadBalancer?: { readonly ingress: readonly { readonly ip: string }[] | null };
    readonly conditions?: readonly object[];
  };
}

/** The patch that the decision asks for, or undefined when the Service already says all of it. `now` is RFC 3339. */
export function statusPatch(
  service: Service,
  decision: Decision,
  now: string,
): StatusPatch | undefined {
  const metadata = poolAnnotation(service, decision);
  const loadBalancer = ingress(service, decision);
  const conditions = conditionChanges(service, decision, now);
  if (metadata === undefined && loadBalancer === undefined && conditions.length === 0) {
    return undefined;
  }
  return {
    metadata: { resourceVersion: service.resourceVersion, ...metadata },
    status: { ...loadBalancer, ...(conditions.length > 0 && { conditions }) },
  };
}

/** A patch that changes nothing, and is refused when the Service has changed. */
export function sameStatus({ resourceVersion }: Service): StatusPatch {
  return { metadata: { resourceVersion }, status: {} };
}

/** The addresses that the status shows when the patch has been applied, if it sets any. */
export function carriedBy({ status }: StatusPatch): readonly Ip[] {
  return (status.loadBalancer?.ingress ?? []).map(({ ip }) => parseIp(ip));
}

function poolAnnotation(service: Service, decision: Decision) {
  const pool = decision.kind === "assign" ? decision.pool : null;
  const said = service.annotations[ANNOTATION.allocatedFromPool] ?? null;
  return pool === said ? undefined : { annotations: { [ANNOTATION.allocatedFromPool]: pool } };
}

function ingress(service: Service, decision: Decision) {
  if (decision.kind === "assign") {
    const ips = decision.ips.map(formatIp);
    return ips.join() === service.ingress.join()
      ? undefined
      : { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } };
  }
  return service.ingress.length === 0 || isForeign(service, decision.reason)
    ? undefined
    : { loadBalancer: { ingress: null } };
}

function conditionChanges(service: Service, decision: Decision, now: string): readonly object[] {
  const wanted = hasLeftConflict(service, decision)
    ? [conditionOf(decision), NO_CONFLICT]
    : [conditionOf(decision)];
  const changes: object[] = wanted
    .map((one) => {
      const old = service.conditions.find(({ type }) => type === one.type);
      const isFound = old === undefined && hasAlready(service, decision);
      return nextCondition(old, one, isFound ? service.creationTimestamp : now);
    })
    .filter((next) => next !== undefined);
  // Nobody answers for a Service without an address, and no speaker reports on it.
  const announced = service.conditions.some(({ type }) => type === CONDITION.announced);
  if (decision.kind === "refuse" && announced) {
    changes.push({ $patch: "delete", type: CONDITION.announced });
  }
  return changes;
}

/**
 * Whether the Service shows the addresses that were decided for it. Without a condition of ours it had them before this
 * controller came, as after a migration, and nobody knows since when: a speaker would ask the network for an address that
 * it takes for new.
 */
function hasAlready(service: Service, decision: Decision): boolean {
  return decision.kind === "assign" && ingress(service, decision) === undefined;
}

/** Whether its condition tells of another host at an address that it will not have any more. */
function hasLeftConflict(service: Service, decision: Decision): boolean {
  const conflict = conflictOf(service);
  if (conflict === undefined) {
    return false;
  }
  return decision.kind === "assign"
    ? !decision.ips.some((ip) => formatIp(ip) === conflict.ip)
    : !isForeign(service, decision.reason);
}

function conditionOf(decision: Decision): Omit<Condition, "lastTransitionTime"> {
  const type = CONDITION.addressAllocated;
  return decision.kind === "assign"
    ? {
        type,
        status: "True",
        reason: "Allocated",
        message: `${decision.ips.map(formatIp).join(" and ")} from pool "${decision.pool}"`,
      }
    : { type, status: "False", reason: decision.reason, message: decision.message };
}
