/** Whatever may befall a contender, sensible or not. */

import fc from "fast-check";
import type { Contender } from "#lib/election/contender.ts";
import type { Claim } from "#lib/membership/claim.ts";
import type { MemberInfo, MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { BUCKETS, type Finding, type Message } from "#lib/membership/message.ts";

export const SELF = "n1";
export const NODES = [SELF, "n2", "n3", "n4", "n5", "n6"];
export const GROUPS = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
/** In no list of nodes, and in no order. */
const STRANGER = "x1";

const node = fc.constantFrom(...NODES, STRANGER);
const group = fc.constantFrom(...GROUPS, "192.0.2.9");
const number = fc.oneof(
  fc.integer({ min: 1, max: 4 }),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1),
);
const hash = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const info: fc.Arbitrary<MemberInfo> = fc.record({
  macs: fc.constant([]),
  subnets: fc.constant([]),
  isDraining: fc.boolean(),
  isImpaired: fc.boolean(),
});
const member: fc.Arbitrary<MemberRecord> = fc.record({
  node,
  incarnation: number,
  state: fc.constantFrom<MemberState>(0, 1, 2, 3),
  info,
});
const claim: fc.Arbitrary<Claim> = fc.record({
  group,
  epoch: number,
  owner: fc.option(node, { nil: undefined }),
});
const claims = fc.array(claim, { maxLength: 4 });

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constant("heartbeat" as const),
    incarnation: number,
    isDeaf: fc.boolean(),
    hearsYou: fc.boolean(),
    hash,
  }),
  fc.record({
    kind: fc.constant("vote" as const),
    subject: node,
    incarnation: number,
    finding: fc.constantFrom<Finding>(1, 2),
  }),
  fc.record({ kind: fc.constant("heard" as const), subject: node, incarnation: number }),
  fc.record({
    kind: fc.constant("records" as const),
    members: fc.array(member, { maxLength: 4 }),
    claims,
  }),
  fc.record({
    kind: fc.constant("digest" as const),
    buckets: fc
      .array(hash, { minLength: BUCKETS, maxLength: BUCKETS })
      .map((hashes) => Uint32Array.from(hashes)),
    isAnswer: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("offer" as const), claims }),
  fc.record({
    kind: fc.constant("refusal" as const),
    groups: fc.array(group, { maxLength: 3 }),
  }),
);

/** Does something to the contender, at that instant, and returns what comes of it. */
export type Event = (contender: Contender, now: number) => ReturnType<Contender["tick"]>;

export const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(node, message)
      .map(([from, said]) =>
        named(`${from} says ${fc.stringify(said)}`, (contender, now) =>
          contender.receive(from, said, now),
        ),
      ),
  },
  fc
    .subarray(NODES)
    .map((names) =>
      named(`the nodes are ${names}`, (contender, now) => contender.setNodes(names, now)),
    ),
  info.map((news) =>
    named(`it is ${fc.stringify(news)}`, (contender, now) => contender.setInfo(news, now)),
  ),
  fc
    .tuple(group, fc.shuffledSubarray(NODES))
    .map(([key, order]) =>
      named(`${key} may be on ${order}`, (contender, now) =>
        contender.put({ group: key, order, canAnswer: () => true }, now),
      ),
    ),
  group.map((key) =>
    named(`${key} is gone`, (contender) => contender.remove(key, "the Service is gone")),
  ),
  fc
    .tuple(group, node)
    .map(([key, name]) =>
      named(`${name} tells that it has ${key}`, (contender, now) =>
        contender.addressHeard(key, name, now),
      ),
    ),
  node.map((name) =>
    named(`the kernel of ${name} answers`, (contender, now) => {
      contender.probeAnswered(name, now);
      return [];
    }),
  ),
);

/** An event that a counterexample shows in words. */
function named(words: string, event: Event): Event {
  return Object.assign(event, { [fc.toStringMethod]: () => words });
}
