/** Pools and allocations as the tests of this folder want them. */

import { formatIp } from "#lib/address/ip.ts";
import { Allocations } from "#lib/allocation/allocations.ts";
import { decide } from "#lib/allocation/decide.ts";
import type { Decision } from "#lib/allocation/decision.ts";
import { parsePools } from "#lib/api/parse-pools.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";

export const DUAL = { clusterIps: ["10.96.0.1", "fd00::1"] } as const;
export const PREFER_DUAL = {
  ...DUAL,
  ipFamilies: ["IPv4", "IPv6"],
  ipFamilyPolicy: "PreferDualStack",
} as const;
export const REQUIRE_DUAL = { ...PREFER_DUAL, ipFamilyPolicy: "RequireDualStack" } as const;
export const LOCAL = { externalTrafficPolicy: "Local" } as const;

/** The annotations of a Service, by their names after `metallb.io/`. */
export function annotated(annotations: Readonly<Record<string, string>>): Partial<Service> {
  const entries = Object.entries(annotations);
  return {
    annotations: Object.fromEntries(entries.map(([name, value]) => [`metallb.io/${name}`, value])),
  };
}

/** Specs of pools by their names; a list stands for `{ addresses }`. */
export type PoolSpecs = Readonly<Record<string, readonly string[] | object>>;

export function poolsOf(specs: PoolSpecs): readonly Pool[] {
  const objects = Object.entries(specs).map(([name, spec]) => ({
    metadata: { name },
    spec: Array.isArray(spec) ? { addresses: spec } : spec,
  }));
  const parsed = parsePools(objects, []);
  if (parsed.kind === "problems") {
    throw new Error(parsed.problems.map(({ message }) => message).join("; "));
  }
  return parsed.value;
}

export function withPools(specs: PoolSpecs, now = () => 0): Allocations {
  const allocations = new Allocations("metallb-system", now);
  allocations.setPools(poolsOf(specs));
  return allocations;
}

/** Decides, and makes it so as the controller does; returns the Service with its new status. */
export function converge(allocations: Allocations, given: Service): Service {
  const decision = decide(allocations, given);
  if (decision.kind === "refuse") {
    allocations.vacate(given);
    return { ...given, ingress: [] };
  }
  allocations.allocate(given, decision.ips);
  return { ...given, ingress: decision.ips.map(formatIp) };
}

/** The addresses, or else the reason of the refusal. */
export function outcome(decision: Decision): readonly string[] | string {
  return decision.kind === "assign" ? decision.ips.map(formatIp) : decision.reason;
}
