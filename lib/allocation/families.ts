/** Which families a Service needs: those of its cluster IPs, as its ipFamilyPolicy will have them. */

import type { Family, Ip } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";

/** What kube-apiserver writes for "no cluster IP". */
const HEADLESS = "None";

const NO_FAMILY: readonly Family[] = [];
const IPV4: readonly Family[] = ["IPv4"];
const IPV6: readonly Family[] = ["IPv6"];
const BOTH: readonly Family[] = ["IPv4", "IPv6"];

/** Of the cluster IPs, IPv4 before IPv6. */
export function familiesOf({ clusterIps }: Service): readonly Family[] {
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

/** Whether these are one address of each family. */
export function isPair(ips: readonly Ip[]): boolean {
  return ips.length === 2 && ips[0]?.family !== ips[1]?.family;
}

/**
 * The families that will do, the most wanted first. A Service of one family gets one address, though it may prefer two:
 * nothing would forward the other.
 */
export function acceptableFamilies(service: Service): readonly (readonly Family[])[] {
  const families = familiesOf(service);
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
