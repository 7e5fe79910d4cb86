/** Whose each address is: the rows of the table, the living members, and what follows from both. */

import { NodeSubnets } from "#lib/election/node-subnets.ts";
import { firstAble, type Nodes, type OwnerChange, ownerChanges } from "#lib/election/owner.ts";
import type { MemberChange } from "#lib/membership/membership.ts";
import type { Row } from "./messages.ts";
import { NodeNames, type NodeOrder } from "./node-names.ts";

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
  /** It answers; if not, it would come next, and hears who asks. */
  readonly isOwner: boolean;
  /** On the links that any of these allow: one for each Service that has the address. */
  readonly on: readonly AllowedLinks[];
  /** It was allocated just now, and nobody was the owner before. */
  readonly isNew: boolean;
  /** Another host is known to use it. */
  readonly isContested: boolean;
  /** Another host is known to use an address that was given with it. */
  readonly isDoubtful: boolean;
}

/** A row as it is held here: many of them, for long. */
interface HeldRow extends Omit<Row, "order"> {
  readonly order: NodeOrder;
}

interface InLine {
  /** Name of the node that would own the Service if the owner died. */
  readonly next: string | undefined;
  /** Whether the owner is the first that the row has. */
  readonly isFirst: boolean;
}

const NONE: ReadonlySet<string> = new Set();

export class Ownership {
  readonly #self: string;
  readonly #nodeNames = new NodeNames();
  readonly #rows = new Map<string, HeldRow>();
  /** Names of nodes by Service. */
  readonly #owners = new Map<string, string>();
  /** By Service. */
  readonly #inLine = new Map<string, InLine>();
  /** The Services that hold an address, more than one when it is shared. */
  readonly #holders = new Map<string, Set<string>>();
  #nodes: Omit<Nodes, "changes"> = { alive: new Set(), subnets: new NodeSubnets() };
  #touched = new Set<string>();
  readonly #newlyContested = new Set<string>();
  /** Addresses that this node lost, be it for a moment. */
  readonly #lost = new Set<string>();

  constructor(self: string) {
    this.#self = self;
  }

  /** Takes a row, new or changed. Other addresses than before are the end of the old row and a new one. */
  put(row: Row): readonly Transfer[] {
    const before = this.#rows.get(row.service);
    const isOther = before !== undefined && before.ips.join() !== row.ips.join();
    const ended = isOther ? this.remove(row.service, "the addresses of the Service changed") : [];
    const held = { ...row, order: this.#nodeNames.keep(row.order) };
    if (before !== undefined && !isOther) {
      this.#nodeNames.release(before.order);
    }
    this.#rows.set(row.service, held);
    for (const ip of row.contested ?? []) {
      if (before?.contested?.includes(ip) !== true) {
        this.#newlyContested.add(ip);
      }
    }
    for (const ip of row.ips) {
      this.#hold(ip, row.service);
    }
    return [...ended, ...this.#elect([held], [])];
  }

  remove(service: string, because = "the Service is no longer announced"): readonly Transfer[] {
    const row = this.#rows.get(service);
    if (row === undefined) {
      return [];
    }
    this.#rows.delete(service);
    this.#nodeNames.release(row.order);
    for (const ip of row.ips) {
      this.#letGo(ip, service);
    }
    const from = this.#owners.get(service);
    this.#owners.delete(service);
    this.#inLine.delete(service);
    return from === undefined
      ? []
      : [{ change: { service, from, to: undefined, because }, ips: row.ips }];
  }

  /** Takes what is known of the nodes, and what has just changed about them. */
  setNodes({ alive, subnets, changes }: Nodes): readonly Transfer[] {
    this.#nodes = { alive, subnets };
    return this.#elect(this.#rows.values(), changes);
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

  /** All addresses of the table, in canonical text. */
  addresses(): Iterable<string> {
    return this.#holders.keys();
  }

  has(ip: string): boolean {
    return this.#holders.has(ip);
  }

  /** Undefined: none. Of the Services that share the address those count that make this node the owner, if any does. */
  partIn(ip: string): Part | undefined {
    const services = [...(this.#holders.get(ip) ?? [])];
    const owned = services.filter((service) => this.#owners.get(service) === this.#self);
    const isOwner = owned.length > 0;
    const counting = isOwner
      ? owned
      : services.filter((service) => this.#inLine.get(service)?.next === this.#self);
    const rows = counting.flatMap((service) => this.#rows.get(service) ?? []);
    return rows.length === 0
      ? undefined
      : {
          isOwner,
          on: rows,
          isNew: isOwner && owned.every((service) => this.#isNewTo(service)),
          isContested: rows.some(({ contested }) => contested?.includes(ip)),
          isDoubtful: rows.some(({ contested }) => contested !== undefined),
        };
  }

  /** An address that a Service comes to share is as old as with the others. */
  #isNewTo(service: string): boolean {
    return this.#rows.get(service)?.isNew === true && this.#inLine.get(service)?.isFirst === true;
  }

  #elect(rows: Iterable<HeldRow>, members: readonly MemberChange[]): readonly Transfer[] {
    const all = [...rows];
    const changes = ownerChanges(all, this.#owners, { ...this.#nodes, changes: members });
    for (const { from, service, to } of changes) {
      if (from === this.#self) {
        for (const ip of this.#rows.get(service)?.ips ?? []) {
          this.#lost.add(ip);
        }
      }
      if (to === undefined) {
        this.#owners.delete(service);
      } else {
        this.#owners.set(service, to);
      }
    }
    const changed = new Map(changes.map((change) => [change.service, change]));
    for (const row of all) {
      this.#lineUp(row, changed.get(row.service));
    }
    return changes.map((change) => ({
      change,
      ips: this.#rows.get(change.service)?.ips ?? [],
    }));
  }

  #lineUp(row: HeldRow, change: OwnerChange | undefined): void {
    const { service, order, ips } = row;
    const owner = this.#owners.get(service);
    const others = Iterator.from(order).filter((node) => node !== owner);
    const next = firstAble({ ...row, order: others }, this.#nodes);
    const before = this.#inLine.get(service);
    if (change === undefined && before?.next === next) {
      return;
    }
    const isFirst = change === undefined ? before?.isFirst === true : change.from === undefined;
    this.#inLine.set(service, { next, isFirst });
    for (const ip of ips) {
      this.#touched.add(ip);
    }
  }

  #hold(ip: string, service: string): void {
    const holders = this.#holders.get(ip);
    if (holders === undefined) {
      this.#holders.set(ip, new Set([service]));
    } else {
      holders.add(service);
    }
    this.#touched.add(ip);
  }

  #letGo(ip: string, service: string): void {
    const holders = this.#holders.get(ip);
    holders?.delete(service);
    if (holders?.size === 0) {
      this.#holders.delete(ip);
      this.#newlyContested.delete(ip);
    }
    this.#touched.add(ip);
  }
}
