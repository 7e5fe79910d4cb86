/** Cuts messages that are too long for one packet. The parts say together what the whole does, in any order. */

import type { Claim } from "#lib/membership/claim.ts";
import type { MemberRecord } from "#lib/membership/member-record.ts";
import type { Message, Offer, Records, Refusal } from "#lib/membership/message.ts";
import { groupLength } from "./group-address.ts";
import { claimLength, memberLength } from "./member-records.ts";
import { nameEntryLength } from "./name-table.ts";

/** The two counts that records have however few they are; an offer has one of them. */
const COUNTS_LENGTH = 2;

/**
 * Gives the parts, each with at least one item unless the message has none.
 *
 * @param room of what a part may take as a value on the wire, in bytes
 */
export function splitMessage(message: Message, room: number): readonly Message[] {
  switch (message.kind) {
    case "records":
      return splitRecords(message, room);
    case "offer":
      return splitOffer(message, room);
    case "refusal":
      return splitRefusal(message, room);
    case "heartbeat":
    case "vote":
    case "heard":
    case "digest":
      return [message];
  }
}

/** Claims in the order of their owners have most of a part's room for themselves, instead of for names. */
function splitRecords(records: Records, room: number): readonly Records[] {
  const parts = fillRecords(records, room);
  if (parts.length === 1) {
    return parts;
  }
  return fillRecords({ ...records, claims: records.claims.toSorted(compareOwners) }, room);
}

function compareOwners({ owner: a = "" }: Claim, { owner: b = "" }: Claim): number {
  return a < b ? -1 : Number(a > b);
}

function fillRecords({ members, claims }: Records, room: number): readonly Records[] {
  const parts = new Parts(room, () => ({
    kind: "records" as const,
    members: [] as MemberRecord[],
    claims: [] as Claim[],
  }));
  for (const member of members) {
    parts.partFor(memberLength(member), member.node).members.push(member);
  }
  for (const claim of claims) {
    parts.partFor(claimLength(claim), claim.owner).claims.push(claim);
  }
  return parts.all;
}

function splitOffer({ claims }: Offer, room: number): readonly Offer[] {
  const parts = new Parts(room, () => ({ kind: "offer" as const, claims: [] as Claim[] }));
  for (const claim of claims) {
    parts.partFor(claimLength(claim), claim.owner).claims.push(claim);
  }
  return parts.all;
}

function splitRefusal({ groups }: Refusal, room: number): readonly Refusal[] {
  const parts = new Parts(room, () => ({ kind: "refusal" as const, groups: [] as string[] }));
  for (const group of groups) {
    parts.partFor(groupLength(group)).groups.push(group);
  }
  return parts.all;
}

/** Parts of a message, of which the last one is being filled. */
class Parts<Part> {
  readonly all: Part[];
  readonly #room: number;
  readonly #begin: () => Part;
  #part: Part;
  #length = COUNTS_LENGTH;
  /** Those in the table of names of the part. */
  #names = new Set<string>();

  constructor(room: number, begin: () => Part) {
    this.#room = room;
    this.#begin = begin;
    this.#part = begin();
    this.all = [this.#part];
  }

  /**
   * The part that has room for the item; it counts as in there.
   *
   * @param length of the item without the name, in bytes
   */
  partFor(length: number, name?: string): Part {
    const isFull = this.#length + length + this.#lengthOf(name) > this.#room;
    if (isFull && this.#length > COUNTS_LENGTH) {
      this.#part = this.#begin();
      this.all.push(this.#part);
      this.#length = COUNTS_LENGTH;
      this.#names = new Set();
    }
    this.#length += length + this.#lengthOf(name);
    if (name !== undefined) {
      this.#names.add(name);
    }
    return this.#part;
  }

  #lengthOf(name: string | undefined): number {
    return name === undefined || this.#names.has(name) ? 0 : nameEntryLength(name);
  }
}
