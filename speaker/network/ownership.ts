/** Whose each address is: the rows of the table, the living members, and what follows from both. */

import { tryParseIp } from "#lib/address/ip.ts";
import { type OwnerChange, ownerChanges } from "#lib/election/owner.ts";
import type { MemberChange } from "#lib/membership/membership.ts";
import type { Row } from "./messages.ts";
import { NodeNames, type NodeOrder } from "./node-names.ts";

/** A Service has another owner, and with it these addresses. */
export interface Transfer {
  readonly change: OwnerChange;
  /** Canonical text. */
  readonly ips: readonly string[];
}

/** The links on which an address is answered. */
export type AnsweredOn = "every link" | ReadonlySet<string>;

/** A row as it is held here: many of them, for long. */
interface HeldRow extends Omit<Row, "order"> {
  readonly order: NodeOrder;
}

const NONE: ReadonlySet<number> = new Set();

export class Ownership {
  readonly #self: string;
  readonly #nodeNames = new NodeNames();
  readonly #rows = new Map<string, HeldRow>();
  /** Names of nodes by Service. */
  readonly #owners = new Map<string, string>();
  /** The Services that hold an IPv4 address, more than one when it is shared. */
  readonly #holders = new Map<number, Set<string>>();
  #alive: ReadonlySet<string> = new Set();
  #touched = new Set<number>();

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
    for (const address of ipv4Of(held)) {
      this.#hold(address, row.service);
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
    for (const address of ipv4Of(row)) {
      this.#letGo(address, service);
    }
    const from = this.#owners.get(service);
    this.#owners.delete(service);
    return from === undefined
      ? []
      : [{ change: { service, from, to: undefined, because }, ips: row.ips }];
  }

  /** @param members what has just changed among them */
  setAlive(alive: ReadonlySet<string>, members: readonly MemberChange[]): readonly Transfer[] {
    this.#alive = alive;
    return this.#elect(this.#rows.values(), members);
  }

  /** Gives the IPv4 addresses that may be answered differently than when this was last asked, and forgets them. */
  takeTouched(): ReadonlySet<number> {
    if (this.#touched.size === 0) {
      return NONE;
    }
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** All IPv4 addresses of the table. */
  addresses(): Iterable<number> {
    return this.#holders.keys();
  }

  /** Where this node is to answer for the address: on the links of every row that makes it the owner. */
  answeredOn(address: number): AnsweredOn {
    const links = new Set<string>();
    for (const service of this.#holders.get(address) ?? []) {
      if (this.#owners.get(service) === this.#self) {
        const row = this.#rows.get(service);
        if (row?.links === undefined) {
          return "every link";
        }
        for (const link of row.links) {
          links.add(link);
        }
      }
    }
    return links;
  }

  #elect(rows: Iterable<HeldRow>, members: readonly MemberChange[]): readonly Transfer[] {
    return ownerChanges(rows, this.#owners, this.#alive, members).map((change) => {
      if (change.to === undefined) {
        this.#owners.delete(change.service);
      } else {
        this.#owners.set(change.service, change.to);
      }
      const row = this.#rows.get(change.service);
      for (const address of row === undefined ? [] : ipv4Of(row)) {
        this.#touched.add(address);
      }
      return { change, ips: row?.ips ?? [] };
    });
  }

  #hold(address: number, service: string): void {
    const holders = this.#holders.get(address);
    if (holders === undefined) {
      this.#holders.set(address, new Set([service]));
    } else {
      holders.add(service);
    }
    this.#touched.add(address);
  }

  #letGo(address: number, service: string): void {
    const holders = this.#holders.get(address);
    holders?.delete(service);
    if (holders?.size === 0) {
      this.#holders.delete(address);
    }
    this.#touched.add(address);
  }
}

/** As unsigned integers; addresses of the other family are not ARP's. */
function ipv4Of(row: HeldRow): readonly number[] {
  return row.ips.flatMap((text) => {
    const ip = tryParseIp(text);
    return ip?.family === "IPv4" ? [Number(ip.value)] : [];
  });
}
