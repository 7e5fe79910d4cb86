import { formatIp, type Ip, tryParseIp } from "#lib/address/ip.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import type { NotAnnounced } from "./not-announced.ts";

/** What a Service has been given. */
export interface Place {
  readonly kind: "place";
  readonly pool: Pool;
  /** In canonical text, in the order of status.loadBalancer, one at least. */
  readonly ips: readonly [string, ...string[]];
}

export interface NoPlace {
  readonly kind: "no-place";
  readonly reason: NotAnnounced;
  readonly message: string;
}

/** Finds the pool that holds all addresses of the Service; a speaker learns it from them alone. */
export function placeOf(service: Service, pools: readonly Pool[]): Place | NoPlace {
  const ips: Ip[] = [];
  for (const text of service.ingress) {
    const ip = tryParseIp(text);
    if (ip === undefined) {
      return noPlace("NotInAnyPool", `"${text}", which ${service.key} has, is no IP address`);
    }
    ips.push(ip);
  }
  const [first, ...others] = ips.map(formatIp);
  if (first === undefined) {
    return noPlace("NoAddress", `${service.key} has no address yet`);
  }
  const pool = pools.find((candidate) => ips.every((ip) => holds(candidate, ip)));
  if (pool === undefined) {
    const fact = others.length === 0 ? "is in no pool" : "are not in one pool";
    return noPlace(
      "NotInAnyPool",
      `${[first, ...others].join(" and ")}, which ${service.key} has, ${fact}: widen a pool, or let the controller assign another address`,
    );
  }
  return { kind: "place", pool, ips: [first, ...others] };
}

function holds(pool: Pool, ip: Ip): boolean {
  return pool.ranges.some(
    ({ family, first, last }) => family === ip.family && first <= ip.value && ip.value <= last,
  );
}

function noPlace(reason: NotAnnounced, message: string): NoPlace {
  return { kind: "no-place", reason, message };
}
