import type { Link } from "#lib/linux/netlink-links.ts";
import type { Mac } from "#lib/wire/mac.ts";

/** Links of containers and of the cluster's own network: the list that MetalLB ships, so that a migration changes nothing. */
export const DEFAULT_EXCLUDED_LINKS: readonly string[] = [
  "^docker.*",
  "^cbr.*",
  "^dummy.*",
  "^virbr.*",
  "^lxcbr.*",
  "^veth.*",
  "^lo$",
  "^cali.*",
  "^tunl.*",
  "^flannel.*",
  "^kube-ipvs.*",
  "^cni.*",
  "^nodelocaldns.*",
  "^lxc.*",
];

/** A link that can answer. */
export interface AnsweringLink extends Link {
  readonly mac: Mac;
}

/** Says whether a link can answer, or why not. */
export type LinkDecision =
  | { readonly kind: "can"; readonly link: AnsweringLink }
  | { readonly kind: "cannot"; readonly why: string };

/** @param excluded matched anywhere in the name */
export function decideOn(link: Link, excluded: readonly RegExp[]): LinkDecision {
  const pattern = excluded.find((candidate) => candidate.test(link.name));
  if (pattern !== undefined) {
    return cannot(`its name matches ${pattern.source}, which is excluded`);
  }
  if (link.loopback) {
    return cannot("it is a loopback link");
  }
  if (!link.up) {
    return cannot("it is down");
  }
  if (link.enslaved) {
    return cannot("it is a port of a bridge, a bond or a VRF, which answers instead");
  }
  if (link.noArp) {
    return cannot("it does no ARP");
  }
  if (!link.broadcast) {
    return cannot("it cannot broadcast");
  }
  if (link.mac === undefined) {
    return cannot("it has no Ethernet address");
  }
  return { kind: "can", link: { ...link, mac: link.mac } };
}

function cannot(why: string): LinkDecision {
  return { kind: "cannot", why };
}
