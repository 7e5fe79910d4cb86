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
  /** The MAC address of a node on some link was not known, or is another than before. */
  macKnown(): void;
}

/** The other nodes as they are met on links: by their MAC addresses, and by what their kernels and speakers send there. */
export class OtherNodes {
  readonly #options: OtherNodesOptions;
  readonly #probes: KernelProbes<MeetingLink>;
  /** By link and node: what announced addresses were told to be at. A link that is gone takes its own along. */
  readonly #told = new WeakMap<MeetingLink, Map<string, Mac>>();
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

  /** Takes up what is new of members: listens to the kernels of those whom this node watches over, and to no others. */
  membersChanged(): void {
    this.#forgetGone();
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
  heard(claim: Claim): boolean {
    const { ip, mac } = claim;
    const members = this.#options.members();
    const known = this.#probes.heard(ip, mac);
    if (known !== undefined) {
      members.kernelHeard(known.node);
      if (known.isNews) {
        this.#options.macKnown();
      }
      return true;
    }
    const group = this.#options.ownership().groupOf(ip);
    const node = members.directory.nodeWith(mac);
    if (group !== undefined && node !== undefined) {
      members.addressHeard(group, mac);
      this.#noteTold(claim, node);
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
    const told = link && this.#told.get(link)?.get(node);
    const certain = heard ?? (told !== undefined && macs.includes(told) ? told : undefined);
    return certain ?? (macs.length === 1 ? macs[0] : undefined);
  }

  /** Whoever tells it, the node or another in its name: it is a MAC address of the node, and told on that link. */
  #noteTold({ link: name, mac }: Claim, node: string): void {
    const link = this.#options.links().answering.find((each) => each.name === name);
    if (link === undefined) {
      return;
    }
    const told = this.#told.get(link) ?? new Map<string, Mac>();
    this.#told.set(link, told);
    if (told.get(node) !== mac) {
      told.set(node, mac);
      this.#options.macKnown();
    }
  }

  /** Who is forgotten tells no MAC addresses any more. */
  #forgetGone(): void {
    const { directory } = this.#options.members();
    for (const link of this.#options.links().answering) {
      const told = this.#told.get(link) ?? new Map<string, Mac>();
      for (const [node, mac] of told) {
        if (!directory.macsOf(node).includes(mac)) {
          told.delete(node);
        }
      }
    }
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
