import type { IpRange } from "#lib/address/ip-range.ts";
import { isIn } from "#lib/election/node-subnets.ts";
import type { Member } from "#lib/membership/member.ts";
import type { MemberInfo, MemberState } from "#lib/membership/member-record.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { MemberAddress } from "./messages.ts";

/** The nodes: names and addresses as the cluster lists them, MAC addresses and subnets as each tells of itself. */
export class MemberDirectory {
  readonly #member: Member;
  #list: readonly MemberAddress[] = [];
  #reachable: readonly MemberAddress[] = [];
  /** Names by MAC address; undefined: to be gathered anew. */
  #nodesByMac: ReadonlyMap<Mac, string> | undefined;

  constructor(member: Member) {
    this.#member = member;
  }

  /** Takes all nodes. */
  setList(list: readonly MemberAddress[]): void {
    this.#list = list;
    const names = new Set(this.names);
    this.#reachable = [...list, ...this.#reachable.filter(({ name }) => !names.has(name))];
    this.outdate();
  }

  /** Ends the memory of a node that left the list. */
  forget(node: string): void {
    this.#reachable = this.#reachable.filter(({ name }) => name !== node);
  }

  /** To be called when a node may have told something else of itself than before. */
  outdate(): void {
    this.#nodesByMac = undefined;
  }

  /** Names of all nodes. */
  get names(): readonly string[] {
    return this.#list.map(({ name }) => name);
  }

  /** All nodes, and those who left the list: while they live they are to hear who has succeeded them. */
  get reachable(): readonly MemberAddress[] {
    return this.#reachable;
  }

  addressesOf(node: string): readonly string[] {
    return this.#reachable.find(({ name }) => name === node)?.addresses ?? [];
  }

  /** Undefined: nobody has heard of the node. */
  stateOf(node: string): MemberState | undefined {
    return this.#member.stateOf(node);
  }

  macsOf(node: string): readonly Mac[] {
    return this.#infoOf(node)?.macs ?? [];
  }

  /** Undefined: nobody knows. */
  subnetsOf(node: string): readonly IpRange[] | undefined {
    return this.#infoOf(node)?.subnets;
  }

  /** Whether a link of the node has a subnet that holds the address; true where nobody knows. */
  hasSubnetOf(node: string, ip: string): boolean {
    const subnets = this.subnetsOf(node);
    return subnets === undefined || isIn(subnets, ip);
  }

  /** Whether every other node was heard of, so that its MAC addresses are known. */
  get hasHeardAll(): boolean {
    return this.names.every((name) => this.stateOf(name) !== undefined);
  }

  /** The node with that MAC address; undefined: none that was heard of. */
  nodeWith(mac: Mac): string | undefined {
    this.#nodesByMac ??= new Map(
      // of two that have the same the first counts
      this.names.toReversed().flatMap((name) => this.macsOf(name).map((each) => [each, name])),
    );
    return this.#nodesByMac.get(mac);
  }

  hasMac(mac: Mac): boolean {
    return this.nodeWith(mac) !== undefined;
  }

  #infoOf(node: string): MemberInfo | undefined {
    return this.#member.table.member(node)?.info;
  }
}
