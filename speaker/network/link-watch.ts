import type { Ip } from "#lib/address/ip.ts";
import { formatRange } from "#lib/address/ip-range.ts";
import { isLinkGone, LinuxError } from "#lib/linux/libc.ts";
import { MulticastMemberships } from "#lib/linux/multicast-memberships.ts";
import { NetlinkQuery } from "#lib/linux/netlink-query.ts";
import { type NetlinkEvent, NetlinkSocket } from "#lib/linux/netlink-socket.ts";
import type { Log } from "#lib/log/log.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { LinkAddresses } from "./link-addresses.ts";
import type { LinkResponder } from "./link-responder.ts";
import type { AnsweringLink } from "./link-rules.ts";
import { Links } from "./links.ts";
import type { LinkFacts } from "./messages.ts";
import type { OwnLink } from "./own-info.ts";
import type { Host } from "./protocol.ts";

/** Some hundred messages each; then the other descriptors have their turn. */
const MAX_DATAGRAMS_A_TURN = 8;

export interface LinkWatchOptions {
  /** Matched anywhere in a link's name. */
  readonly excludedLinks: readonly RegExp[];
  readonly log: Log;
  /** @throws {LinuxError} when the link cannot be opened */
  open(link: AnsweringLink): LinkResponder;
  /** Something about a link that answers is new. */
  changed(link: LinkResponder): void;
}

/** The links of this machine, kept in step with what netlink says of them, of their addresses and of the routers behind. */
export class LinkWatch {
  readonly #options: LinkWatchOptions;
  readonly #socket = NetlinkSocket.open();
  readonly #query = NetlinkQuery.open();
  readonly #addresses = new LinkAddresses();
  readonly #links: Links<LinkResponder>;
  /** Of all links, by index. */
  readonly #names = new Map<number, string>();
  #hasMore = false;
  /** The solicited-node groups of the addresses that are heard. */
  readonly groups = new MulticastMemberships((index) => this.#query.groupsOf(index));

  constructor(options: LinkWatchOptions) {
    this.#options = options;
    this.#links = new Links(
      options.excludedLinks,
      {
        open: (link) => this.#open(link),
        close: (responder) => responder.close(),
      },
      options.log,
    );
  }

  /** To be read from when there is something. */
  get descriptor(): number {
    return this.#socket.descriptor;
  }

  /** Those that can answer. */
  get answering(): readonly LinkResponder[] {
    return this.#links.answering;
  }

  hasMac(mac: Mac): boolean {
    return this.#links.hasMac(mac);
  }

  /** Asks for everything that there is. */
  begin(): void {
    this.#socket.requestAll();
  }

  /** Takes what the kernel has to say, a part of it at a time: a node may have thousands of addresses. */
  read(): void {
    this.#hasMore = this.#takeDatagrams();
    if (this.#addresses.takeDumpNeeded()) {
      this.#socket.requestAll();
    }
    const changed = this.#addresses.takeChangedLinks();
    for (const link of this.answering.filter(({ index }) => changed.has(index))) {
      link.addressesChanged();
      this.#options.changed(link);
    }
  }

  /** Whether there may be more to read, though the descriptor does not say so. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** When there is more to read, or `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    return this.#hasMore ? Number.NEGATIVE_INFINITY : this.groups.nextDeadline;
  }

  tick(now: number): void {
    try {
      this.groups.tick(now);
    } catch (error) {
      if (!(error instanceof LinuxError)) {
        throw error;
      }
      this.#options.log.error(
        "multicast groups cannot be joined: some IPv6 addresses may not be found",
        {
          error: error.message,
        },
      );
    }
  }

  isInSubnetOf(index: number, ip: Ip): boolean {
    return this.#addresses.holds(index, ip);
  }

  linkLocalOf(index: number): Ip | undefined {
    return this.#addresses.linkLocalOf(index);
  }

  /** The MAC address that the kernel has for an address on a link; undefined: none. */
  neighbourOf(index: number, ip: Ip): Mac | undefined {
    return this.#query.neighbourOf(index, ip);
  }

  /** The default routers behind a link of which the kernel knows the MAC address. */
  routersOf(index: number, family: Ip["family"]): readonly Host[] {
    return this.#addresses
      .gatewaysOf(index)
      .filter((ip) => ip.family === family)
      .flatMap((ip) => {
        const mac = this.#query.neighbourOf(index, ip);
        return mac === undefined ? [] : { ip, mac };
      });
  }

  /** Those that can answer, as far as the other nodes are to know of them. */
  get own(): readonly OwnLink[] {
    return this.answering.map(({ hasCarrier, index, mac, name }) => {
      return { index, name, mac, hasCarrier, subnets: this.#addresses.subnetsOf(index) };
    });
  }

  /** Gives the canonical texts of the addresses that came to or went from some link, and forgets them. */
  takeChangedIps(): ReadonlySet<string> {
    return this.#addresses.takeChangedIps();
  }

  /** The names of the links that have the very address, which is in canonical text. */
  linksWith(ip: string): readonly string[] {
    return this.#addresses
      .interfacesWith(ip)
      .map((index) => this.#names.get(index) ?? `link ${index}`);
  }

  facts(): readonly LinkFacts[] {
    return this.answering.map(({ index, name }) => ({
      name,
      subnets: this.#addresses.subnetsOf(index).map(formatRange),
    }));
  }

  close(): void {
    this.#links.closeAll();
    this.groups.close();
    this.#socket.close();
    this.#query.close();
  }

  /** Returns whether more may wait. */
  #takeDatagrams(): boolean {
    for (let count = 0; count < MAX_DATAGRAMS_A_TURN; count++) {
      const events = this.#socket.read();
      if (events === "empty") {
        return false;
      }
      for (const event of events) {
        this.#take(event);
      }
    }
    return true;
  }

  #take(event: NetlinkEvent): void {
    // first, so that a link that opens knows its addresses
    this.#addresses.take(event);
    if (event.kind === "link") {
      this.#names.set(event.link.index, event.link.name);
    } else if (event.kind === "unlink") {
      this.#names.delete(event.index);
    }
    this.#links.take(event);
  }

  #open(link: AnsweringLink): LinkResponder | undefined {
    try {
      const opened = this.#options.open(link);
      this.#options.changed(opened);
      return opened;
    } catch (error) {
      if (isLinkGone(error)) {
        return undefined;
      }
      throw error;
    }
  }
}
