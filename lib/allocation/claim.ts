import { isSameIp } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import type { Allocations } from "./allocations.ts";
import { setAsideFor } from "./contested.ts";
import { decide } from "./decide.ts";
import { byPrecedence } from "./holder.ts";
import { shownIps } from "./shown-ips.ts";

/**
 * Claims for every Service what its status shows and it may keep, before anything new is given: so a restart changes no
 * address, in whatever order the Services come. What it may not keep is not given to others until its status says so.
 */
export function claimAll(allocations: Allocations, services: Iterable<Service>): void {
  const assigned = [...services]
    .filter(({ ingress }) => ingress.length > 0)
    // Of two that show the same address and do not share, the keeper comes first.
    .sort(byPrecedence);
  for (const service of assigned) {
    setAsideFor(allocations, service);
  }
  for (const service of assigned) {
    const decision = decide(allocations, service);
    const ips = decision.kind === "assign" ? decision.ips : [];
    const shown = shownIps(service);
    const kept = ips.filter((ip) => shown.some((other) => isSameIp(other, ip)));
    if (kept.length > 0) {
      allocations.allocate(service, kept);
    } else {
      allocations.vacate(service);
    }
  }
}
