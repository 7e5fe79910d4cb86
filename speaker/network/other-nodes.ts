import { type Ip, parseIp, tryParseIp } from "#lib/address/ip.ts";
import { receivedFrames } from "#lib/linux/received-frames.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { Claim } from "./claims.ts";
import { KernelProbes } from "./kernel-probes.ts";
import type { LinkResponder } from "./link-responder.ts";
import type { LinkWatch } from "./link-watch.ts";
import type { Members } from "./members.ts";
import type { Ownership } from "./ownership.ts";

export interface OtherNodesOptions {
  members(): Members;
  links(): LinkWatch;
  ownership(): Ownership;
}

/** The other nodes as they are met on links: by their MAC addresses, and by what their kernels and speakers send there. */
export class OtherNodes {
  readonly #options: OtherNodesOptions;
  readonly #probes: KernelProbes<LinkResponder>;
  /** Addresses of the watched nodes; counted with at every heartbeat. */
  #watched: readonly Ip[] = [];

  constructor(options: OtherNodesOptions) {
    this.#options = options;
    const { links, ownership } = options;
    this.#probes = new KernelProbes({
      links: () => links().answering,
      isInSubnetOf: (link, ip) => links().isInSubnetOf(link.index, parseIp(ip)),
      neighbourOf: (link, ip) => links().neighbourOf(link.index, parseIp(ip)),
      isAnnounced: (ip) => ownership().has(ip),
    });
  }

  /** Listens to the kernels of those whom this node watches over, and to no others. */
  watch(): void {
    const members = this.#options.members();
    const nodes = new Map(
      members.watched.flatMap((node) =>
        members.directory.addressesOf(node).map((ip): [string, string] => [ip, node]),
      ),
    );
    this.#watched = [...nodes.keys()].flatMap((ip) => tryParseIp(ip) ?? []);
    this.#probes.watch(nodes);
  }

  /**
   * How many frames came in on the links by which the watched nodes are reached; on all links where none is. What another
   * network carries does not show that this node hears the others.
   */
  receivedFrames(): number {
    const { links } = this.#options;
    const { answering } = links();
    const between = answering.filter(({ index }) =>
      this.#watched.some((ip) => links().isInSubnetOf(index, ip)),
    );
    const counted = between.length > 0 ? between : answering;
    return counted.reduce((sum, { name }) => sum + receivedFrames(name), 0);
  }

  lookAtLink(link: LinkResponder): void {
    this.#probes.lookAtLink(link);
  }

  /** Asks the kernel of a node for its own addresses. */
  probe(addresses: readonly string[]): void {
    this.#probes.probe(addresses);
  }

  /** Asks the owner alone, by a frame, whether it answers for the group's address. */
  ask(group: string, owner: string): void {
    for (const link of this.#options.links().answering) {
      const mac = this.macOn(link.index, owner);
      if (mac !== undefined) {
        link.askKernel(group, mac);
      }
    }
  }

  /** Announces the group's address once. */
  defend(group: string): void {
    for (const link of this.#options.links().answering) {
      link.defend(group);
    }
  }

  /** A frame came from an address that is heard. Returns whether it is that of a node, and no matter of claims. */
  heard({ ip, mac }: Claim): boolean {
    const members = this.#options.members();
    const node = this.#probes.heard(ip, mac);
    if (node !== undefined) {
      members.kernelHeard(node);
      return true;
    }
    const group = this.#options.ownership().groupOf(ip);
    if (group !== undefined && members.directory.nodeWith(mac) !== undefined) {
      members.addressHeard(group, mac);
    }
    return false;
  }

  /** The MAC address of a node on the network of a link; undefined: it is not known. */
  macOn(index: number, node: string): Mac | undefined {
    const { directory } = this.#options.members();
    const macs = directory.macsOf(node);
    const link = this.#options.links().answering.find((each) => each.index === index);
    const heard = directory
      .addressesOf(node)
      .map((ip) => link && this.#probes.macOf(link, ip))
      .find((mac) => mac !== undefined && macs.includes(mac));
    return heard ?? (macs.length === 1 ? macs[0] : undefined);
  }
}
