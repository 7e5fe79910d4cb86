/**
 * What all members are to know of one. The member itself makes a new incarnation of it whenever it has something to say;
 * in between the others may only hold it for worse than it is.
 */

import type { IpRange } from "#lib/address/ip-range.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { hashNumber, hashText } from "./hash.ts";
import { isAfter } from "./serial.ts";

export const MemberState = {
  alive: 0,
  /** Its speaker said that it restarts; its kernel forwards. */
  restarting: 1,
  /** Its speaker is silent; its kernel answers. */
  speakerDown: 2,
  dead: 3,
} as const;
/** Within one incarnation the higher counts. */
export type MemberState = (typeof MemberState)[keyof typeof MemberState];

export interface MemberInfo {
  /** Of the links that can answer, at most 64. */
  readonly macs: readonly Mac[];
  /** Of the same links, each a CIDR, at most 28. */
  readonly subnets: readonly IpRange[];
  /** It gives its addresses away, and takes no more. */
  readonly isDraining: boolean;
  /** One of its links does not work: it is preferred to nobody. */
  readonly isImpaired: boolean;
}

export interface MemberRecord {
  /** Name. */
  readonly node: string;
  /** Serial: see serial.ts; 32 bits, 1 at least. */
  readonly incarnation: number;
  readonly state: MemberState;
  readonly info: MemberInfo;
}

/**
 * Whether a record takes the place of another of the same member. Two lives have the same number when nobody knew of the
 * first who could be asked: then all agree on either, and the member makes a new one when it hears what is not its own.
 */
export function isNewerRecord(one: MemberRecord, other: MemberRecord | undefined): boolean {
  if (other === undefined || one.incarnation !== other.incarnation) {
    return other === undefined || isAfter(one.incarnation, other.incarnation);
  }
  return one.state === other.state
    ? one.info !== other.info && keyOfInfo(one.info) > keyOfInfo(other.info)
    : one.state > other.state;
}

/** What two members compare. The dead need not be known: they count as 0. */
export function hashOfRecord({ node, incarnation, state, info }: MemberRecord): number {
  return state === MemberState.dead
    ? 0
    : hashText(keyOfInfo(info), hashNumber(state, hashNumber(incarnation, hashText(node))));
}

export function isSameInfo(one: MemberInfo, other: MemberInfo): boolean {
  return keyOfInfo(one) === keyOfInfo(other);
}

function keyOfInfo({ isDraining, isImpaired, macs, subnets }: MemberInfo): string {
  const ranges = subnets.map(({ family, first, last }) => `${family} ${first}-${last}`);
  return [isDraining, isImpaired, ...macs, ...ranges].join();
}
