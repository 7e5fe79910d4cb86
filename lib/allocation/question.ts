import { type Family, formatIp, type Ip } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import type { Allocations } from "./allocations.ts";
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

function familiesOf({ clusterIps }: Service): readonly Family[] {
  let hasIpv4 = false;
  let hasIpv6 = false;
  for (const clusterIp of clusterIps) {
    if (clusterIp.includes(":")) {
      hasIpv6 = true;
    } else if (clusterIp !== HEADLESS) {
      hasIpv4 = true;
    }
  }
  const withoutIpv6 = hasIpv4 ? IPV4 : NO_FAMILY;
  const withIpv6 = hasIpv4 ? BOTH : IPV6;
  return hasIpv6 ? withIpv6 : withoutIpv6;
}

const NO_FAMILY: readonly Family[] = [];
const IPV4: readonly Family[] = ["IPv4"];
const IPV6: readonly Family[] = ["IPv6"];
const BOTH: readonly Family[] = ["IPv4", "IPv6"];

/**
 * The families that will do, the most wanted first. A Service of one family gets one address, though it may prefer two:
 * nothing would forward the other.
 */
export function acceptableFamilies({
  service,
  families,
}: Question): readonly (readonly Family[])[] {
  if (families.length < 2) {
    return [families];
  }
  switch (service.ipFamilyPolicy) {
    case "SingleStack":
      return [];
    case "RequireDualStack":
      return [families];
    case "PreferDualStack":
      return [
        families,
        ...(service.ipFamilies[0] === "IPv6"
          ? ([["IPv6"], ["IPv4"]] as const)
          : ([["IPv4"], ["IPv6"]] as const)),
      ];
  }
}

export function listIps(ips: readonly Ip[]): string {
  return ips.map(formatIp).join(" and ");
}

/** What kube-apiserver writes for "no cluster IP". */
const HEADLESS = "None";
