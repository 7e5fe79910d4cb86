/** What of this node keeps addresses from being found, or would have two hosts answer for one. */

import { POOL_ANNOTATION } from "#lib/api/annotations.ts";
import { listNames } from "#lib/api/list-names.ts";
import type { KernelAddress } from "#speaker/network/messages.ts";
import type { CheckedLink, Facts } from "./facts.ts";

export type FindingReason =
  | "NoAnsweringLink"
  | "KernelAnswersToo"
  | "KernelAsksFromAddress"
  | "AddressOnLink"
  | "StrictReversePath"
  | "MayMissBroadcasts";

export interface Finding {
  readonly reason: FindingReason;
  /** Stays while the finding does, whatever else the sentence names. */
  readonly key: string;
  /** The fact, then the mend. */
  readonly message: string;
  /** The address that it is about, in canonical text; undefined: it is about the node. */
  readonly ip?: string;
}

/** How many addresses a sentence names. */
const MAX_NAMED = 3;

export function findings(facts: Facts): readonly Finding[] {
  return [
    ...noAnsweringLink(facts),
    ...kernelToo(facts),
    ...addressesOnLinks(facts),
    ...strictReversePaths(facts),
    ...mayMissBroadcasts(facts),
  ];
}

function noAnsweringLink({ links, node }: Facts): readonly Finding[] {
  return links.length > 0
    ? []
    : [
        {
          reason: "NoAnsweringLink",
          key: "NoAnsweringLink",
          message: `No link of ${node} can answer: bring one up, or exclude fewer in the file of --exclude-links-file; the speaker's log says at level debug why each cannot`,
        },
      ];
}

/**
 * kube-proxy in IPVS mode gives each node all addresses of Services, on an interface of its own. IPv6 is no concern here:
 * neighbor solicitations are answered for the addresses of the link on which they come alone.
 */
function kernelToo(facts: Facts): readonly Finding[] {
  const names = new Set(facts.links.map(({ name }) => name));
  const elsewhere = facts.kernelAddresses.filter(({ ip, on }) => !names.has(on) && isIpv4(ip));
  return [...Map.groupBy(elsewhere, ({ on }) => on)].flatMap(
    ([on, addresses]) => answersToo(facts, on, addresses) ?? asksFrom(facts, on, addresses) ?? [],
  );
}

function answersToo(
  { links, node }: Facts,
  on: string,
  addresses: readonly KernelAddress[],
): Finding | undefined {
  const answering = links.filter(({ arpIgnore }) => arpIgnore === 0);
  return answering.length === 0
    ? undefined
    : {
        reason: "KernelAnswersToo",
        key: `KernelAnswersToo ${on}`,
        message: `The kernel of ${node} has addresses of Services on ${on} (${named(addresses)}) and answers ARP for them on ${namesOf(answering)}, for arp_ignore is 0 there: ${mendOf(on)}`,
      };
}

function asksFrom(
  { links, node }: Facts,
  on: string,
  addresses: readonly KernelAddress[],
): Finding | undefined {
  const asking = links.filter(({ arpAnnounce }) => arpAnnounce < 2);
  return asking.length === 0
    ? undefined
    : {
        reason: "KernelAsksFromAddress",
        key: `KernelAsksFromAddress ${on}`,
        message: `The kernel of ${node} has addresses of Services on ${on} (${named(addresses)}) and may ask by ARP from them on ${namesOf(asking)}, so that others take it for their owner, for arp_announce is less than 2 there: ${mendOf(on)}`,
      };
}

function mendOf(on: string): string {
  const sysctls = "net.ipv4.conf.all.arp_ignore=1 and net.ipv4.conf.all.arp_announce=2";
  return on.startsWith("kube-ipvs")
    ? `set ipvs.strictARP: true in the configuration of kube-proxy, or the sysctls ${sysctls}`
    : `remove them from ${on}, or set the sysctls ${sysctls}`;
}

/** A link that answers has the address of a Service, most likely because somebody gave it to it. */
function addressesOnLinks({ kernelAddresses, links, node }: Facts): readonly Finding[] {
  const names = new Set(links.map(({ name }) => name));
  return kernelAddresses
    .filter(({ on }) => names.has(on))
    .map(({ ip, on }) => ({
      reason: "AddressOnLink",
      key: `AddressOnLink ${ip} ${on}`,
      message: `${ip} is an address of ${on} on node ${node}, whose kernel answers for it whichever node owns it: remove it there, or take it out of its pool by ${POOL_ANNOTATION.exclude}`,
      ip,
    }));
}

/** A host behind a router is reached by the default route, whichever link it asked on. */
function strictReversePaths({ defaultLink, links, node }: Facts): readonly Finding[] {
  const isDefaultAnswering = links.some(({ name }) => name === defaultLink);
  return links
    .filter(({ name, rpFilter }) => isDefaultAnswering && name !== defaultLink && rpFilter === 1)
    .map(({ name }) => ({
      reason: "StrictReversePath",
      key: `StrictReversePath ${name}`,
      message: `${node} answers on ${name}, and may drop what then comes in there from beyond the subnets of ${name}, for its rp_filter is 1 and the default route goes by ${defaultLink}: set the sysctl net.ipv4.conf.${sysctlName(name)}.rp_filter=2, or name only ${defaultLink} in spec.interfaces of the L2Advertisement`,
    }));
}

function mayMissBroadcasts({ links, node }: Facts): readonly Finding[] {
  return links
    .filter(({ isPromiscuous, isWireless }) => isWireless && !isPromiscuous)
    .map(({ name }) => ({
      reason: "MayMissBroadcasts",
      key: `MayMissBroadcasts ${name}`,
      message: `${name} of ${node} is wireless, and many such do not hear what is sent to all: if addresses are not found there, start the speaker with --promiscuous-links '^${name}$'`,
    }));
}

function isIpv4(ip: string): boolean {
  return !ip.includes(":");
}

function named(addresses: readonly KernelAddress[]): string {
  return listNames(
    addresses.map(({ ip }) => ip),
    MAX_NAMED,
  );
}

function namesOf(links: readonly CheckedLink[]): string {
  return listNames(links.map(({ name }) => name));
}

/** Points and slashes change places, sysctl(8). */
function sysctlName(link: string): string {
  return link.replaceAll(".", "/");
}
