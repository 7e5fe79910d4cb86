import { formatIp, type Ip, parseIp, tryParseIp } from "#lib/address/ip.ts";
import { receivedFrames } from "#lib/linux/received-frames.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { Claim } from "./claims.ts";
import { KernelProbes, type ProbeLink } from "./kernel-probes.ts";
import type { MemberDirectory } from "./member-directory.ts";
import type { Ownership } from "./ownership.ts";

/** One link, as far as other nodes are met there. */
export interface MeetingLink extends ProbeLink {
  readonly name: string;
  /** Announces the address once. */
  defend(ip: string): boolean;
}

export interface OtherNodesOptions {
  members(): {
    readonly directory: Pick<MemberDirectory, "addressesOf" | "macsOf" | "nodeWith">;
    /** Names of those whose kernel is to be listened to. */
    readonly watched: readonly string[];
    kernelHeard(node: string): void;
    addressHeard(group: string, mac: Mac): void;
  };
  links(): {
    /** Those that can answer. */
    readonly answering: readonly MeetingLink[];
    isInSubnetOf(index: number, ip: Ip): boolean;
    neighbourOf(index: number, ip: Ip): Mac | undefined;
  };
  ownership(): Pick<Ownership, "groupOf" | "has">;
}

/** The other nodes as they are met on links: by their MAC addresses, and by what their kernels and speakers send there. */
export class OtherNodes {
  readonly #options: OtherNodesOptions;
  readonly #probes: KernelProbes<MeetingLink>;
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
    const nodes = new Map(
      this.#options
        .members()
        .watched.flatMap((node) =>
          this.#addressesOf(node).map((ip): [string, string] => [ip, node]),
        ),
    );
    this.#watched = [...nodes.keys()].map(parseIp);
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

  lookAtLink(link: MeetingLink): void {
    this.#probes.lookAtLink(link);
  }

  /** Asks the kernel of a node for its own addresses. */
  probe(node: string): void {
    this.#probes.probe(this.#addressesOf(node));
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
    const macs = this.#options.members().directory.macsOf(node);
    const link = this.#options.links().answering.find((each) => each.index === index);
    const heard = this.#addressesOf(node)
      .map((ip) => link && this.#probes.macOf(link, ip))
      .find((mac) => mac !== undefined && macs.includes(mac));
    return heard ?? (macs.length === 1 ? macs[0] : undefined);
  }

  /** In canonical text, without what a Node gives as its InternalIP and is none. */
  #addressesOf(node: string): readonly string[] {
    return this.#options
      .members()
      .directory.addressesOf(node)
      .flatMap((text) => {
        const ip = tryParseIp(text);
        return ip === undefined ? [] : formatIp(ip);
      });
  }
}
