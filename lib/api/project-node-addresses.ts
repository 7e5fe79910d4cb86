import type { V1Node } from "@kubernetes/client-node";
import { compareIps, type Ip, isSameIp, tryParseIp } from "#lib/address/ip.ts";
import type { NodeAddresses } from "./node-addresses.ts";

const NO_ADDRESSES: readonly Ip[] = Object.freeze([]);

/** Leaves out host names, and what is no address: a link-local one with a zone, for one. */
export function projectNodeAddresses({ metadata, status }: V1Node): NodeAddresses {
  const sorted = (status?.addresses ?? [])
    .filter(({ type }) => type === "InternalIP" || type === "ExternalIP")
    .map(({ address }) => tryParseIp(address))
    .filter((ip) => ip !== undefined)
    .sort(compareIps);
  const addresses = sorted.filter((ip, index) => {
    const before = sorted[index - 1];
    return before === undefined || !isSameIp(before, ip);
  });
  return {
    name: metadata?.name ?? "",
    addresses: addresses.length === 0 ? NO_ADDRESSES : addresses,
  };
}
