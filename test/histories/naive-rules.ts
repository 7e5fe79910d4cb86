/**
 * The rules by which Services get addresses, each in the plainest code: every question is answered by looking at every
 * address and every Service. Shares nothing with lib/allocation but the names of the reasons.
 */

import { type Family, formatIp, tryParseIp } from "#lib/address/ip.ts";
import type { Pool } from "#lib/api/pool.ts";
import { matchesAny } from "#lib/api/selector.ts";
import type { Service } from "#lib/api/service.ts";

/** Addresses as text, each in the one spelling that a status has. */
export type Address = string;

export function familyOf(address: Address): Family {
  return address.includes(":") ? "IPv6" : "IPv4";
}

const addressesByPool = new WeakMap<Pool, readonly Address[]>();

/** Every address of the pool, in the order in which they are tried. */
export function addressesOf(pool: Pool): readonly Address[] {
  let addresses = addressesByPool.get(pool);
  if (addresses === undefined) {
    addresses = pool.ranges.flatMap(({ family, first, last }) => {
      const size = Number(last - first) + 1;
      return Array.from({ length: size }, (_, index) =>
        formatIp({ family, value: first + BigInt(index) }),
      );
    });
    addressesByPool.set(pool, addresses);
  }
  return addresses;
}

/** The pool that has all of the addresses. */
export function poolWith(pools: readonly Pool[], addresses: readonly Address[]): Pool | undefined {
  return pools.find((pool) => addresses.every((address) => addressesOf(pool).includes(address)));
}

export function isAvoided(pool: Pool, address: Address): boolean {
  return pool.avoidBuggyIps && /\.(0|255)$/.test(address);
}

/** Whether some pool would have the address, did it not exclude it. */
export function isExcluded(pools: readonly Pool[], address: Address): boolean {
  const ip = tryParseIp(address);
  return pools.some(({ excluded }) =>
    excluded.some(
      ({ family, first, last }) => family === ip?.family && first <= ip.value && ip.value <= last,
    ),
  );
}

/** By priority those with a serviceAllocation, 0 last; then the others; ties by name. */
export function inOrderOfTrial(pools: readonly Pool[]): readonly Pool[] {
  const rank = ({ serviceAllocation }: Pool) =>
    serviceAllocation === undefined ? 1e9 : serviceAllocation.priority || 1e6;
  return pools.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

export function servesNamespace({ serviceAllocation }: Pool, { namespace }: Service): boolean {
  return serviceAllocation?.namespaces?.includes(namespace) ?? true;
}

export function servesLabels({ serviceAllocation }: Pool, { labels }: Service): boolean {
  const selectors = serviceAllocation?.serviceSelectors ?? [];
  return selectors.length === 0 || matchesAny(selectors, labels);
}

/** Of the cluster IPs, IPv4 first. */
export function familiesOf({ clusterIps }: Service): readonly Family[] {
  const families = new Set(clusterIps.filter((ip) => ip !== "None").map(familyOf));
  return (["IPv4", "IPv6"] as const).filter((family) => families.has(family));
}

/** Sets of families that will do, the most wanted first. */
export function acceptableFamilies(service: Service): readonly (readonly Family[])[] {
  const families = familiesOf(service);
  if (families.length === 1) {
    return [families];
  }
  const single = service.ipFamilies[0] === "IPv6" ? ["IPv6", "IPv4"] : ["IPv4", "IPv6"];
  const policies = {
    SingleStack: [],
    RequireDualStack: [families],
    PreferDualStack: [families, ...single.map((family) => [family as Family])],
  };
  return policies[service.ipFamilyPolicy];
}

export function hasAcceptableFamilies(service: Service, addresses: readonly Address[]): boolean {
  const has = addresses.map(familyOf).sort().join();
  return acceptableFamilies(service).some((families) => families.join() === has);
}

/** The current key wins wherever it stands, even when it is empty. */
export function annotation({ annotations }: Service, name: string): string {
  return annotations[`metallb.io/${name}`] ?? annotations[`metallb.universe.tf/${name}`] ?? "";
}

/** What the Service asks for by name; "malformed" when nobody can tell. */
export function requestedAddresses(service: Service): readonly Address[] | "nothing" | "malformed" {
  const inAnnotation = annotation(service, "loadBalancerIPs");
  const inSpec = service.loadBalancerIp ?? "";
  if (inAnnotation === "" && inSpec === "") {
    return "nothing";
  }
  if (inAnnotation !== "" && inSpec !== "") {
    return "malformed";
  }
  const ips = (inSpec === "" ? inAnnotation.split(",") : [inSpec]).map((text) =>
    tryParseIp(text.trim()),
  );
  const addresses = ips.filter((ip) => ip !== undefined).map(formatIp);
  const families = new Set(addresses.map(familyOf));
  const isOneOrPair = addresses.length === ips.length && families.size === ips.length;
  return isOneOrPair ? addresses : "malformed";
}

/** The address that the Service is to leave, since another host was found there and nobody asks for it. */
export function contestedAddress(service: Service): Address | undefined {
  const condition = service.conditions.find(({ type }) => type === "herald-lb.io/AddressConflict");
  const isFound = condition?.status === "True" && condition.reason === "FoundAtFirstUse";
  const requested = requestedAddresses(service);
  return service.ingress.find((address) => {
    const isIt = isFound && condition.message.endsWith(` already uses ${address}`);
    return isIt && requested !== "malformed" && !requested.includes(address);
  });
}

export function holdTheSame(a: readonly Address[], b: readonly Address[]): boolean {
  return a.length === b.length && a.every((address) => b.includes(address));
}

function sharingKey(service: Service): string {
  return annotation(service, "allow-shared-ip");
}

export function doPortsClash(a: Service, b: Service): boolean {
  return a.ports.some((one) =>
    b.ports.some((other) => one.port === other.port && one.protocol === other.protocol),
  );
}

/** Whether both want to be on one address; their ports may still clash. */
export function doConsent(a: Service, b: Service): boolean {
  return sharingKey(a) !== "" && sharingKey(a) === sharingKey(b) && backends(a) === backends(b);
}

export function doShare(a: Service, b: Service): boolean {
  return doConsent(a, b) && !doPortsClash(a, b);
}

/** Which of two Services that show one address keeps it. */
export function goesFirst(a: Service, b: Service): boolean {
  return a.creationTimestamp === b.creationTimestamp
    ? a.key < b.key
    : a.creationTimestamp < b.creationTimestamp;
}

function backends({ externalTrafficPolicy, selector }: Service): string {
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  return externalTrafficPolicy === "Local" ? labels.sort().join() : "";
}
