import { type Ip, tryParseIp } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";

/** Of the Service that was asked about last: a decision asks several times in a row. */
let last: { readonly service: Service; readonly ips: readonly Ip[] } | undefined;

/** The addresses in the Service's status; what is none is left out. */
export function shownIps(service: Service): readonly Ip[] {
  if (last?.service !== service) {
    const ips = service.ingress.map(tryParseIp).filter((ip) => ip !== undefined);
    last = { service, ips };
  }
  return last.ips;
}
