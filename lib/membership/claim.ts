/** Whose an address group is. Of two claims of one group the newer counts, everywhere. */

import { hashNumber, hashText } from "./hash.ts";
import { isAfter } from "./serial.ts";

export interface Claim {
  /** The address that decides the group's order, in canonical text. */
  readonly group: string;
  /** Grows with every change of owner, see serial.ts; 32 bits, 1 at least. */
  readonly epoch: number;
  /** Name of a node; undefined: the last owner has given the group up. */
  readonly owner: string | undefined;
}

/** Whether a claim takes the place of another. Of two at once the one with the smaller hash does, for all to agree. */
export function isNewerClaim(one: Claim, other: Claim | undefined): boolean {
  if (other === undefined || one.epoch !== other.epoch) {
    return other === undefined || isAfter(one.epoch, other.epoch);
  }
  return one.owner !== other.owner && rankOf(one) < rankOf(other);
}

/** What two members compare. A group that nobody has need not be known: it counts as 0. */
export function hashOfClaim({ group, epoch, owner }: Claim): number {
  return owner === undefined ? 0 : hashText(owner, hashNumber(epoch, hashText(group)));
}

function rankOf({ group, owner }: Claim): number {
  return owner === undefined ? Number.POSITIVE_INFINITY : hashText(owner, hashText(group));
}
