import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";

/** Names of nodes, the preferred first. It is read by index: an iterator for each group would be garbage by the thousand. */
export interface NodeOrder extends Iterable<string> {
  readonly length: number;
  at(index: number): string | undefined;
}

/** What a group asks of a node. */
export interface GroupDemand {
  readonly group: string;
  /** The eligible nodes. */
  readonly order: NodeOrder;
  /** Whether the node has the links that the group needs. */
  canAnswer(node: string): boolean;
}

/** Who can own a group, as far as this node knows. */
export class Candidates {
  readonly #self: string;
  readonly #member: Member;

  constructor(self: string, member: Member) {
    this.#self = self;
    this.#member = member;
  }

  /** The first in order; one that works is preferred to one that drains or is impaired, and any of them to nobody. */
  first(demand: GroupDemand, but?: string): string | undefined {
    const { order } = demand;
    let lame: string | undefined;
    for (let index = 0; index < order.length; index++) {
      const node = order.at(index) ?? "";
      if (node !== but && this.#isAble(node, demand)) {
        if (this.isFit(node, demand)) {
          return node;
        }
        lame ??= node;
      }
    }
    return lame;
  }

  /** How many come before this node; undefined: it cannot, or there are `most`. */
  placeOfSelf(demand: GroupDemand, most: number): number | undefined {
    if (this.first(demand) === this.#self) {
      return 0;
    }
    const { order } = demand;
    let before = 0;
    for (let index = 0; index < order.length; index++) {
      const node = order.at(index) ?? "";
      if (node === this.#self) {
        // it is not the first, though it may be so in order
        return this.#isAble(node, demand) ? Math.max(before, 1) : undefined;
      }
      before += this.#isAble(node, demand) ? 1 : 0;
      if (before === most) {
        return undefined;
      }
    }
    return undefined;
  }

  /** Whether this node lacks the links that the group needs, and so do all others that could take it. */
  isBeyondAll(demand: GroupDemand): boolean {
    const isUp = this.#member.isSettled;
    return isUp && !demand.canAnswer(this.#self) && this.first(demand) === undefined;
  }

  /** Whether the node can take the group and nothing speaks against it. */
  isFit(node: string, demand: GroupDemand): boolean {
    return this.canTake(node, demand) && this.#member.table.member(node)?.info.isImpaired !== true;
  }

  /**
   * Whether this node would give back at once what the other gives it. Two whose orders differ would hand a group to and fro
   * for as long as they do.
   */
  wouldReturn(node: string, demand: GroupDemand): boolean {
    const order = [...demand.order];
    const place = order.indexOf(node);
    return place >= 0 && place < order.indexOf(this.#self) && this.isFit(node, demand);
  }

  /** Whether this node is among those that may have the group. */
  isEligible({ order }: GroupDemand): boolean {
    return Iterator.from(order).some((node) => node === this.#self);
  }

  canTake(node: string, demand: GroupDemand): boolean {
    return this.#isAble(node, demand) && !this.#drains(node);
  }

  /**
   * Whether this node is the one to lend its voice to an owner whose speaker is down: the next in line, or else any node of
   * the link, for it only lends its voice.
   */
  isSurrogate(demand: GroupDemand, owner: string): boolean {
    const next = this.first(demand, owner);
    if (next !== undefined) {
      return next === this.#self;
    }
    // not the first of the list, which may have another order elsewhere
    let any: string | undefined;
    for (const node of this.#member.listed) {
      if (node !== owner && this.#isUp(node) && (any === undefined || node < any)) {
        any = node;
      }
    }
    return any === this.#self;
  }

  #isAble(node: string, demand: GroupDemand): boolean {
    return this.#isUp(node) && demand.canAnswer(node);
  }

  #isUp(node: string): boolean {
    const member = this.#member;
    return node === this.#self
      ? member.isSettled
      : member.listed.has(node) && member.stateOf(node) === MemberState.alive;
  }

  #drains(node: string): boolean {
    return this.#member.table.member(node)?.info.isDraining === true;
  }
}
