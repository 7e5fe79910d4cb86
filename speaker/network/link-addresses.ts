import { formatIp, type Ip } from "#lib/address/ip.ts";
import { contains, formatRange, type IpRange, prefixLengthOf } from "#lib/address/ip-range.ts";
import type { LinkAddress } from "#lib/linux/netlink-addresses.ts";
import type { Link } from "#lib/linux/netlink-links.ts";
import type { Gateway } from "#lib/linux/netlink-routes.ts";
import type { NetlinkEvent } from "#lib/linux/netlink-socket.ts";

/** The prefixes fe80::/10 and 169.254.0.0/16: bits after them, and their value. */
const LINK_LOCAL = {
  IPv4: { shift: 16n, prefix: 0xa9fen },
  IPv6: { shift: 118n, prefix: 0x3fan },
} as const;

/** From this length on there is nobody else in a subnet. */
const HOST_LENGTH = { IPv4: 32, IPv6: 128 } as const;

interface Known<T> {
  readonly value: T;
  /** By which dump, or after which, it was told last. */
  readonly dump: number;
}

interface KnownLink {
  /** By which dump, or after which, the link itself was told last. */
  dump: number;
  /** undefined: not told yet. */
  isUp: boolean | undefined;
  /** A default route leads or led through it. */
  isRouted: boolean;
  readonly addresses: Map<string, Known<LinkAddress>>;
  readonly gateways: Map<string, Known<Ip>>;
  /** Made when somebody asks, and forgotten when the addresses change. */
  subnets: readonly IpRange[] | undefined;
}

const NONE: ReadonlySet<never> = new Set<never>();

/** The addresses of this machine's links and the gateways behind them, as netlink tells of them. */
export class LinkAddresses {
  /** By index, which stays when a link is renamed. */
  readonly #links = new Map<number, KnownLink>();
  /** Where each address is, by its canonical text; a link twice when it has the address twice. */
  readonly #indexes = new Map<string, number[]>();
  #changedLinks = new Set<number>();
  #changedIps = new Set<string>();
  #dump = 0;
  #isDumpNeeded = false;

  take(event: NetlinkEvent): void {
    switch (event.kind) {
      case "dump":
        this.#dump += 1;
        break;
      case "done":
        this.#forgetUntold();
        break;
      case "link":
        this.#setUp(event.link);
        break;
      case "unlink":
        this.#forgetLink(event.index);
        break;
      case "address":
        this.#put(event.address);
        break;
      case "unaddress":
        this.#remove(event.address);
        break;
      case "gateway":
        this.#putGateway(event.gateway);
        break;
      case "routes-changed":
        this.#isDumpNeeded = true;
        break;
    }
  }

  /** The subnets of a link that it shares with others, without the link-local ones. */
  subnetsOf(index: number): readonly IpRange[] {
    const link = this.#links.get(index);
    if (link === undefined) {
      return [];
    }
    link.subnets ??= subnetsAmong(link.addresses.values());
    return link.subnets;
  }

  /** Whether the address lies in one of those subnets. */
  holds(index: number, ip: Ip): boolean {
    return this.subnetsOf(index).some((subnet) => contains(subnet, ip));
  }

  /** An IPv6 address of the link to speak from; undefined while there is none, or it is still being asked for. */
  linkLocalOf(index: number): Ip | undefined {
    return this.#links
      .get(index)
      ?.addresses.values()
      .find(({ value: { ip, isUsable } }) => isUsable && ip.family === "IPv6" && isLinkLocal(ip))
      ?.value.ip;
  }

  /** Where the default routes through a link lead. */
  gatewaysOf(index: number): readonly Ip[] {
    return Array.from(this.#links.get(index)?.gateways.values() ?? [], ({ value }) => value);
  }

  /** The indexes of all links, answering or not, that have the very address, which is in canonical text. */
  interfacesWith(ip: string): readonly number[] {
    return [...new Set(this.#indexes.get(ip))];
  }

  /** Gives the indexes of the links whose addresses or gateways changed since this was last asked, and forgets them. */
  takeChangedLinks(): ReadonlySet<number> {
    const changed = this.#changedLinks;
    if (changed.size === 0) {
      return NONE;
    }
    this.#changedLinks = new Set();
    return changed;
  }

  /** Gives the canonical texts of the addresses that came to or went from some link since this was last asked. */
  takeChangedIps(): ReadonlySet<string> {
    const changed = this.#changedIps;
    if (changed.size === 0) {
      return NONE;
    }
    this.#changedIps = new Set();
    return changed;
  }

  /**
   * Says once that the default routes may be others, so that everything has to be asked for again. The kernel says nothing
   * of an IPv4 route that it drops because its link went down or its source address was taken away.
   */
  takeDumpNeeded(): boolean {
    const isNeeded = this.#isDumpNeeded;
    this.#isDumpNeeded = false;
    return isNeeded;
  }

  #link(index: number): KnownLink {
    const known = this.#links.get(index);
    if (known !== undefined) {
      return known;
    }
    const link: KnownLink = {
      dump: this.#dump,
      isUp: undefined,
      isRouted: false,
      addresses: new Map(),
      gateways: new Map(),
      subnets: undefined,
    };
    this.#links.set(index, link);
    return link;
  }

  #setUp({ index, up }: Link): void {
    const link = this.#link(index);
    this.#isDumpNeeded ||= link.isRouted && link.isUp !== up;
    link.isUp = up;
    link.dump = this.#dump;
  }

  #put(address: LinkAddress): void {
    const { index, ip } = address;
    const link = this.#link(index);
    const key = keyOf(address);
    const before = link.addresses.get(key)?.value;
    link.addresses.set(key, { value: address, dump: this.#dump });
    if (before === undefined) {
      const text = formatIp(ip);
      this.#indexes.set(text, [...(this.#indexes.get(text) ?? []), index]);
      this.#changedIps.add(text);
    }
    if (before === undefined || !isSameAddress(before, address)) {
      link.subnets = undefined;
      this.#changedLinks.add(index);
    }
  }

  #remove(address: LinkAddress): void {
    const { index, ip } = address;
    const link = this.#links.get(index);
    if (link?.addresses.delete(keyOf(address)) !== true) {
      return;
    }
    link.subnets = undefined;
    this.#changedLinks.add(index);
    this.#isDumpNeeded ||= link.isRouted && ip.family === "IPv4";
    const text = formatIp(ip);
    this.#changedIps.add(text);
    const indexes = this.#indexes.get(text) ?? [];
    const others = indexes.toSpliced(indexes.indexOf(index), 1);
    if (others.length > 0) {
      this.#indexes.set(text, others);
    } else {
      this.#indexes.delete(text);
    }
  }

  #putGateway({ index, ip }: Gateway): void {
    const link = this.#link(index);
    const key = formatIp(ip);
    if (!link.gateways.has(key)) {
      this.#changedLinks.add(index);
    }
    link.gateways.set(key, { value: ip, dump: this.#dump });
    link.isRouted = true;
  }

  #forgetLink(index: number): void {
    const link = this.#links.get(index);
    if (link !== undefined) {
      for (const { value } of [...link.addresses.values()]) {
        this.#remove(value);
      }
      if (link.gateways.size > 0) {
        this.#changedLinks.add(index);
      }
      this.#links.delete(index);
    }
  }

  #forgetUntold(): void {
    for (const [index, link] of this.#links) {
      for (const { value, dump } of [...link.addresses.values()]) {
        if (dump < this.#dump) {
          this.#remove(value);
        }
      }
      for (const [key, { dump }] of link.gateways) {
        if (dump < this.#dump) {
          link.gateways.delete(key);
          this.#changedLinks.add(index);
        }
      }
      if (link.dump < this.#dump) {
        this.#forgetLink(index);
      }
    }
  }
}

/** The kernel tells addresses of a link apart by it: one IPv4 address may stand there with several subnets. */
function keyOf({ ip, subnet }: LinkAddress): string {
  return ip.family === "IPv4" ? `${formatIp(ip)} ${formatRange(subnet)}` : formatIp(ip);
}

function isSameAddress(a: LinkAddress, b: LinkAddress): boolean {
  return a.isUsable === b.isUsable && formatRange(a.subnet) === formatRange(b.subnet);
}

function subnetsAmong(addresses: Iterable<Known<LinkAddress>>): readonly IpRange[] {
  const subnets = new Map<string, IpRange>();
  for (const { value } of addresses) {
    const { subnet } = value;
    if (prefixLengthOf(subnet) !== HOST_LENGTH[subnet.family] && !isLinkLocal(value.ip)) {
      subnets.set(formatRange(subnet), subnet);
    }
  }
  return [...subnets.values()];
}

function isLinkLocal({ family, value }: Ip): boolean {
  const { shift, prefix } = LINK_LOCAL[family];
  return value >> shift === prefix;
}
