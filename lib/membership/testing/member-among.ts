import { Member } from "#lib/membership/member.ts";
import { type MemberInfo, type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { profileOf } from "#lib/membership/profile.ts";

export const INFO: MemberInfo = {
  macs: [],
  subnets: [],
  isDraining: false,
  isImpaired: false,
};

/** A living member in its first life, unless the fields say otherwise. */
export function record(node: string, fields: Partial<MemberRecord> = {}): MemberRecord {
  return { node, incarnation: 1, state: MemberState.alive, info: INFO, ...fields };
}

/** A member that has just started, knows of no other, and still asks. */
export function newMember(
  self: string,
  nodes: readonly string[],
  hearsFrames = () => true,
): Member {
  const member = new Member({
    self,
    profile: profileOf("balanced"),
    info: INFO,
    random: () => 0.5,
    hearsFrames,
  });
  member.setNodes(nodes, 0);
  member.start(0);
  return member;
}

/** A member that started at 0, knows of those members, and asks no more. */
export function memberAmong(
  self: string,
  others: readonly MemberRecord[],
  hearsFrames?: () => boolean,
): Member {
  const member = newMember(self, [self, ...others.map(({ node }) => node)], hearsFrames);
  for (const other of others) {
    learn(member, other);
  }
  member.tick(0);
  const [first] = others;
  if (first !== undefined) {
    const buckets = member.table.buckets.slice();
    member.receive(first.node, { kind: "digest", buckets, isAnswer: true }, 0);
  }
  return member;
}

/** Makes a member know a record, which another one tells. */
export function learn(member: Member, news: MemberRecord, now = 0): void {
  const [from = news.node] = [...member.listed].filter((node) => member.isMember(node));
  member.receive(from, { kind: "records", members: [news], claims: [] }, now);
}
