import type { Family } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import type { Allocations } from "./allocations.ts";
import { familiesOf } from "./families.ts";
import { type Holder, holderFrom } from "./holder.ts";

/** What every policy looks at: one Service, and the state in which it wants an address. */
export interface Question {
  readonly allocations: Allocations;
  readonly service: Service;
  readonly holder: Holder;
  /** Of the cluster IPs, IPv4 before IPv6. */
  readonly families: readonly Family[];
}

export function questionOf(allocations: Allocations, service: Service): Question {
  return { allocations, service, holder: holderFrom(service), families: familiesOf(service) };
}
