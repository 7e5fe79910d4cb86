import { parseIp } from "#lib/address/ip.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { Stance } from "./heard-address.ts";

/** One link, as far as probes go. */
export interface ProbeLink {
  readonly index: number;
  set(ip: string, stance: Stance | undefined): void;
  askKernel(ip: string, mac: Mac): void;
}

export interface KernelProbeOptions<L extends ProbeLink> {
  /** Those that can answer. */
  links(): readonly L[];
  /** Whether the link has a subnet that holds the address. */
  isInSubnetOf(link: L, ip: string): boolean;
  /** The MAC address that this machine's kernel has for the address. */
  neighbourOf(link: L, ip: string): Mac | undefined;
  /** Whether the address is one that is announced: it is a matter of the duties. */
  isAnnounced(ip: string): boolean;
}

/**
 * Asks the kernels of other nodes for their own addresses, each by a frame to its MAC address alone: a node whose speaker
 * is down still forwards, as long as its kernel answers. Asked is for each IPv4 address that lies in the subnet of a link,
 * or else for each such IPv6 address: a socket for Neighbor Discovery has the kernel look at all IPv6 that comes. A node
 * that has neither is beyond a router, and its kernel never asked.
 */
export class KernelProbes<L extends ProbeLink> {
  readonly #options: KernelProbeOptions<L>;
  /** Nodes by address, in canonical text. */
  #nodes: ReadonlyMap<string, string> = new Map();
  /** By address: where it was heard from last. */
  readonly #macs = new Map<string, Mac>();

  constructor(options: KernelProbeOptions<L>) {
    this.#options = options;
  }

  /** Listens to these from now on. @param nodes by address, in canonical text */
  watch(nodes: ReadonlyMap<string, string>): void {
    const before = this.#nodes;
    this.#nodes = nodes;
    for (const ip of before.keys()) {
      if (!this.#nodes.has(ip) && !this.#options.isAnnounced(ip)) {
        this.#macs.delete(ip);
        for (const link of this.#options.links()) {
          link.set(ip, undefined);
        }
      }
    }
    for (const link of this.#options.links()) {
      this.lookAtLink(link);
    }
  }

  /** Has a link listen that came, or has other subnets than before. */
  lookAtLink(link: L): void {
    // it may be one that is just being opened
    const links = [link, ...this.#options.links()];
    for (const [ip, node] of this.#nodes) {
      if (!this.#options.isAnnounced(ip) && this.#isAskedOn(link, ip, node, links)) {
        link.set(ip, Stance.peer);
      }
    }
  }

  /** @param addresses in canonical text */
  probe(addresses: readonly string[]): void {
    const { links, neighbourOf } = this.#options;
    for (const ip of addresses) {
      const node = this.#nodes.get(ip);
      const link = links().find(
        (each) => node !== undefined && this.#isAskedOn(each, ip, node, links()),
      );
      const mac = link && (this.#macs.get(ip) ?? neighbourOf(link, ip));
      if (mac !== undefined) {
        link?.askKernel(ip, mac);
      }
    }
  }

  /**
   * Something came from the address. Returns the node that has it, and whether it came from there before; undefined: none
   * that is listened to.
   */
  heard(ip: string, mac: Mac): { readonly node: string; readonly isNews: boolean } | undefined {
    const node = this.#nodes.get(ip);
    if (node === undefined) {
      return undefined;
    }
    const isNews = this.#macs.get(ip) !== mac;
    this.#macs.set(ip, mac);
    return { node, isNews };
  }

  /** The MAC address of the address, if it was heard or the kernel knows it. */
  macOf(link: L, ip: string): Mac | undefined {
    return this.#options.isInSubnetOf(link, ip)
      ? (this.#macs.get(ip) ?? this.#options.neighbourOf(link, ip))
      : undefined;
  }

  /** Whether the node is asked for that address of its on that link. */
  #isAskedOn(link: L, ip: string, node: string, links: readonly L[]): boolean {
    const { isInSubnetOf } = this.#options;
    return (
      isInSubnetOf(link, ip) &&
      (isIpv4(ip) ||
        !this.#nodes
          .entries()
          .some(
            ([other, its]) =>
              its === node && isIpv4(other) && links.some((each) => isInSubnetOf(each, other)),
          ))
    );
  }
}

function isIpv4(ip: string): boolean {
  return parseIp(ip).family === "IPv4";
}
