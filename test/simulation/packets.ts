/** How many packets a message takes on the wire, where each has some 1,120 bytes for it. */

import type { Claim } from "#lib/membership/claim.ts";
import type { MemberRecord } from "#lib/membership/member-record.ts";
import type { Message } from "#lib/membership/message.ts";

const BODY_BYTES = 1_120;

/** Name by number, incarnation, state and two counts; a MAC address; an IPv4 subnet. */
const MEMBER_BYTES = 8;
const MAC_BYTES = 6;
const SUBNET_BYTES = 5;

/** An IPv4 address, the epoch and the owner by number. */
const CLAIM_BYTES = 10;

/** Its length and itself, once for all that speaks of it. Names of machines are longer than those of this simulator. */
const NAME_BYTES = 16;

export function packetsOf(message: Message): number {
  switch (message.kind) {
    case "records":
      return packetsFor(bytesOfMembers(message.members) + bytesOfClaims(message.claims));
    case "offer":
      return packetsFor(bytesOfClaims(message.claims));
    case "refusal":
      return packetsFor(message.groups.length * CLAIM_BYTES);
    case "heartbeat":
    case "vote":
    case "heard":
    case "digest":
      return 1;
  }
}

function packetsFor(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BODY_BYTES));
}

function bytesOfMembers(members: readonly MemberRecord[]): number {
  let bytes = 0;
  for (const { info } of members) {
    bytes += NAME_BYTES + MEMBER_BYTES;
    bytes += info.macs.length * MAC_BYTES + info.subnets.length * SUBNET_BYTES;
  }
  return bytes;
}

function bytesOfClaims(claims: readonly Claim[]): number {
  const owners = new Set(claims.map(({ owner }) => owner));
  return claims.length * CLAIM_BYTES + owners.size * NAME_BYTES;
}
