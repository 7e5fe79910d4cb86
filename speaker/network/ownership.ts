/** Whose each address is: the rows of the table, what this node is to each group of them, and what follows from both. */

import type { GroupDemand } from "#lib/election/candidates.ts";
import type { Cause } from "#lib/election/claimant-effect.ts";
import { commonOrder } from "#lib/election/common-order.ts";
import { type AddressGroup, Groups, type Regrouping } from "#lib/election/groups.ts";
import type { OwnerChange } from "#lib/election/owner.ts";
import type { Role } from "#lib/election/role.ts";
import type { Row } from "./messages.ts";
import { type KeptOrder, NodeNames } from "./node-names.ts";

/** A Service has another owner, and with it these addresses. */
export interface Transfer {
  readonly change: OwnerChange;
  /** Canonical text. */
  readonly ips: readonly string[];
}

/** The links that one row allows; undefined: all. */
export type AllowedLinks = Pick<Row, "links" | "onSubnetOnly">;

/** What this node has to do with an address. */
export interface Part {
  /** "voice": it answers with the MAC address of another; "listen": it would come next, and hears who asks. */
  readonly role: Role;
  /** On the links that any of these allow: one for each Service that has the address. */
  readonly on: readonly AllowedLinks[];
  /** It was allocated just now, and nobody was the owner before. */
  readonly isNew: boolean;
  /** Another host is known to use it. */
  readonly isContested: boolean;
  /** Another host is known to use an address that was given with it. */
  readonly isDoubtful: boolean;
}

/** Where groups are claimed. It calls back `roleChanged` and `ownerChanged` whenever something is new. */
export interface ClaimSeat {
  put(demand: GroupDemand): void;
  remove(group: string, because: string): void;
  roleOf(group: string): Role | undefined;
  ownerOf(group: string): string | undefined;
  /** Whether a link of the node has a subnet that holds the address; true where nobody knows. */
  hasSubnetOf(node: string, ip: string): boolean;
}

/** A row as it is held here: many of them, for long. */
interface HeldRow extends Omit<Row, "order"> {
  readonly order: KeptOrder;
  /** Name of a node. */
  owner: string | undefined;
  /** Whether the owner is the first that the Service has. */
  isFirst: boolean;
}

const NONE: ReadonlySet<string> = new Set();

const anyNode = () => true;

export class Ownership {
  readonly #self: string;
  readonly #seat: ClaimSeat;
  readonly #told: (transfers: readonly Transfer[]) => void;
  readonly #nodeNames = new NodeNames();
  readonly #rows = new Map<string, HeldRow>();
  readonly #groups = new Groups();
  /** Services by key of their group. */
  readonly #services = new Map<string, readonly string[]>();
  #touched = new Set<string>();
  readonly #newlyContested = new Set<string>();
  /** Addresses that this node lost, be it for a moment. */
  readonly #lost = new Set<string>();

  /** @param told called with what is new about owners */
  constructor(self: string, seat: ClaimSeat, told: (transfers: readonly Transfer[]) => void) {
    this.#self = self;
    this.#seat = seat;
    this.#told = told;
  }

  /** Takes a row, new or changed. Other addresses than before are the end of the old row and a new one. */
  put(row: Row): void {
    const { ips, service } = row;
    if (this.#rows.get(service)?.ips.join() !== ips.join()) {
      this.remove(service, "the addresses of the Service changed");
    }
    const before = this.#rows.get(service);
    this.#rows.set(service, {
      ...row,
      order: this.#nodeNames.keep(row.order),
      owner: before?.owner,
      isFirst: before?.isFirst === true,
    });
    if (before !== undefined) {
      this.#nodeNames.release(before.order);
    }
    for (const ip of row.contested ?? []) {
      if (before?.contested?.includes(ip) !== true) {
        this.#newlyContested.add(ip);
      }
    }
    this.#touch(ips);
    this.#regroup(this.#groups.put(service, ips), "its Services share other addresses");
  }

  remove(service: string, because = "the Service is no longer announced"): void {
    const row = this.#rows.get(service);
    if (row === undefined) {
      return;
    }
    const regrouping = this.#groups.remove(service);
    this.#noteOwner(service, undefined, { because });
    this.#rows.delete(service);
    this.#nodeNames.release(row.order);
    this.#touch(row.ips);
    for (const ip of row.ips) {
      if (this.#groups.holdersOf(ip).length === 0) {
        this.#newlyContested.delete(ip);
      }
    }
    this.#regroup(regrouping, because);
  }

  /** This node is something else to the group than before. */
  roleChanged(group: string): void {
    for (const service of this.#services.get(group) ?? []) {
      this.#touch(this.#rows.get(service)?.ips ?? []);
    }
  }

  /** Another node may have announced the group for long: it is announced as if this node had just come to own it. */
  announceAnew(group: string): void {
    for (const service of this.#services.get(group) ?? []) {
      for (const ip of this.ipsOf(service)) {
        this.#lost.add(ip);
        this.#touched.add(ip);
      }
    }
  }

  ownerChanged(group: string, to: string | undefined, cause: Cause): void {
    for (const service of this.#services.get(group) ?? []) {
      this.#noteOwner(service, to, cause);
    }
  }

  /** Some node has other links than before. */
  subnetsChanged(): void {
    for (const [key, services] of this.#services) {
      if (services.some((service) => this.#rows.get(service)?.onSubnetOnly === true)) {
        this.#seat.put(this.#demandOf({ key, services }));
      }
    }
  }

  /** Gives the addresses in which this node may have another part than when this was last asked, and forgets them. */
  takeTouched(): ReadonlySet<string> {
    if (this.#touched.size === 0) {
      return NONE;
    }
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** Whether a row has come to say, since this was last asked, that another host has the address. */
  takeNewlyContested(ip: string): boolean {
    return this.#newlyContested.delete(ip);
  }

  /** Whether this node has lost the address since this was last asked, also when it owns it again. */
  takeLost(ip: string): boolean {
    return this.#lost.delete(ip);
  }

  /** The addresses of a Service, in canonical text. */
  ipsOf(service: string): readonly string[] {
    return this.#rows.get(service)?.ips ?? [];
  }

  /** The key of the group to which the address belongs; undefined: it is none of the table. */
  groupOf(ip: string): string | undefined {
    const [service] = this.#groups.holdersOf(ip);
    return service === undefined ? undefined : this.#groups.of(service)?.key;
  }

  /** All addresses of the table, in canonical text. */
  addresses(): Iterable<string> {
    return this.#groups.addresses;
  }

  /** Whether a row names the link as one to answer on. */
  isNamed(link: string): boolean {
    return this.#rows.values().some(({ links }) => links?.includes(link) === true);
  }

  has(ip: string): boolean {
    return this.#groups.holdersOf(ip).length > 0;
  }

  /** Undefined: none. */
  partIn(ip: string): Part | undefined {
    const services = this.#groups.holdersOf(ip);
    const group = this.#groups.of(services[0] ?? "");
    const role = group === undefined ? undefined : this.#seat.roleOf(group.key);
    if (role === undefined) {
      return undefined;
    }
    const rows = services.flatMap((service) => this.#rows.get(service) ?? []);
    return {
      role,
      on: rows,
      isNew: role.kind === "own" && services.every((service) => this.#isNewTo(service)),
      isContested: rows.some(({ contested }) => contested?.includes(ip)),
      isDoubtful: rows.some(({ contested }) => contested !== undefined),
    };
  }

  /** An address that a Service comes to share is as old as with the others. */
  #isNewTo(service: string): boolean {
    const row = this.#rows.get(service);
    return row?.isNew === true && row.isFirst;
  }

  #regroup({ changed, gone }: Regrouping, because: string): void {
    for (const key of gone) {
      this.#seat.remove(key, because);
      this.#services.delete(key);
    }
    for (const group of changed) {
      this.#services.set(group.key, group.services);
      this.#seat.put(this.#demandOf(group));
      const owner = this.#seat.ownerOf(group.key);
      for (const service of group.services) {
        this.#noteOwner(service, owner, { because: "its Service now shares an address" });
      }
    }
  }

  /** The nodes that every one of its Services allows, in the order of the first; if there are none, those of the first. */
  #demandOf({ key, services }: AddressGroup): GroupDemand {
    const rows = services.flatMap((service) => this.#rows.get(service) ?? []);
    const [first, ...others] = rows.map(({ order }) => order);
    const onSubnetOnly = rows.some((row) => row.onSubnetOnly === true);
    return {
      group: key,
      order: first === undefined ? [] : commonOrder(first, others),
      canAnswer: onSubnetOnly ? this.#withSubnetOf(key) : anyNode,
    };
  }

  /** Apart, for a closure holds whatever else is around it, and there is one for each group. */
  #withSubnetOf(ip: string): (node: string) => boolean {
    return (node) => this.#seat.hasSubnetOf(node, ip);
  }

  #noteOwner(service: string, to: string | undefined, { because, afterMs }: Cause): void {
    const row = this.#rows.get(service);
    if (row === undefined || row.owner === to) {
      return;
    }
    const { ips, owner: from } = row;
    if (from === this.#self) {
      for (const ip of ips) {
        this.#lost.add(ip);
      }
    }
    row.owner = to;
    row.isFirst = from === undefined;
    const change = { service, from, to, because };
    this.#told([{ change: afterMs === undefined ? change : { ...change, afterMs }, ips }]);
  }

  #touch(ips: readonly string[]): void {
    for (const ip of ips) {
      this.#touched.add(ip);
    }
  }
}
