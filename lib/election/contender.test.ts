import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOfClaim } from "#lib/membership/claim.ts";
import { hashText } from "#lib/membership/hash.ts";
import { hashOfRecord, MemberState } from "#lib/membership/member-record.ts";
import { BUCKETS, type Message } from "#lib/membership/message.ts";
import { profileOf } from "#lib/membership/profile.ts";
import type { RecordTable } from "#lib/membership/record-table.ts";
import { Contender, type Outcome } from "./contender.ts";
import { anyEvent, GROUPS, NODES, SELF } from "./testing/any-event.ts";

const INFO = { macs: [], subnets: [], isDraining: false, isImpaired: false };

/** Many more than there are things to do at one instant. */
const MOST_TICKS = 20;

function started(self: string): Contender {
  let drawn = 0;
  const contender = new Contender({
    self,
    profile: profileOf("balanced"),
    info: INFO,
    failbackMs: 5_000,
    hasSurrogates: true,
    random: () => {
      drawn = (drawn + 0.37) % 1;
      return drawn;
    },
    hearsFrames: () => true,
  });
  contender.setNodes(NODES, 0);
  for (const group of GROUPS) {
    contender.put({ group, order: NODES, canAnswer: () => true }, 0);
  }
  contender.start(0);
  return contender;
}

/** Lets the contender do all that is due by then, each at its instant. */
function runUntil(contender: Contender, end: number): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  let ticks = 0;
  let before = Number.NEGATIVE_INFINITY;
  let at = Math.min(contender.nextDeadline(end), end);
  while (at <= end && contender.nextDeadline(at) <= end) {
    ticks = at > before ? 0 : ticks + 1;
    expect(ticks, "ticks at one instant").toBeLessThan(MOST_TICKS);
    before = at;
    outcomes.push(...contender.tick(at));
    at = Math.max(at, contender.nextDeadline(at));
  }
  return outcomes;
}

function expectSound(table: RecordTable): void {
  const buckets = new Uint32Array(BUCKETS);
  const add = (key: string, hash: number) => {
    const at = hashText(key) % BUCKETS;
    buckets[at] = (buckets[at] ?? 0) ^ hash;
  };
  const owned = new Map<string, string[]>();
  for (const record of table.members) {
    add(record.node, hashOfRecord(record));
  }
  for (const claim of table.claims) {
    add(claim.group, hashOfClaim(claim));
    if (claim.owner !== undefined) {
      owned.set(claim.owner, [...(owned.get(claim.owner) ?? []), claim.group]);
    }
  }
  expect(table.buckets).toEqual(buckets);
  expect(table.hash).toBe(buckets.reduce((all, hash) => (all ^ hash) >>> 0, 0));
  for (const node of NODES) {
    expect([...table.ownedBy(node)].sort()).toEqual((owned.get(node) ?? []).sort());
  }
}

function expectWritable(outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    if (outcome.kind === "send") {
      expect(
        numbersOf(outcome.message).filter((number) => number < 1 || number >= 2 ** 32),
      ).toEqual([]);
      expect(outcome.to).not.toBe(SELF);
    }
  }
}

function numbersOf(message: Message): readonly number[] {
  switch (message.kind) {
    case "records":
      return [
        ...message.members.map(({ incarnation }) => incarnation),
        ...message.claims.map(({ epoch }) => epoch),
      ];
    case "offer":
      return message.claims.map(({ epoch }) => epoch);
    case "heartbeat":
    case "vote":
    case "heard":
      return [message.incarnation];
    case "digest":
    case "refusal":
      return [];
  }
}

const history = fc.array(fc.tuple(fc.constantFrom(0, 1, 60, 400, 1_100, 31_000), anyEvent), {
  maxLength: 40,
});

describe("Contender, whatever it hears", () => {
  it("keeps its tables right, rests between deadlines, and says what can be written", () => {
    fc.assert(
      fc.property(history, (events) => {
        const contender = started(SELF);
        let now = 0;
        for (const [pause, event] of events) {
          now += pause;
          expectWritable(runUntil(contender, now));
          expectWritable(event(contender, now));
          expectSound(contender.member.table);
        }
        expectWritable(runUntil(contender, now));
      }),
    );
  });

  it("knows the same as another with which it exchanges everything", () => {
    fc.assert(
      fc.property(history, history, (mine, theirs) => {
        const one = started(SELF);
        const other = started("n2");
        let now = 0;
        for (const [contender, events] of [
          [one, mine],
          [other, theirs],
        ] as const) {
          for (const [, event] of events) {
            event(contender, now);
          }
        }
        for (let round = 0; round < 12; round++) {
          now += 50;
          exchange(one, other, now);
        }
        expect(claimsOf(one)).toEqual(claimsOf(other));
        expect(livingIn(one, other)).toEqual(livingIn(other, one));
      }),
    );
  });
});

describe("Contender", () => {
  const group = GROUPS[0] ?? "";

  it("claims what its first node leaves when that dies, and tells why", () => {
    const contender = started(SELF);
    runUntil(contender, 1_050);
    contender.receive("n2", learned(0), 1_050);
    contender.put({ group, order: ["n2", SELF], canAnswer: () => true }, 1_050);
    const claims = [{ group, epoch: 5, owner: "n2" }];
    contender.receive("n2", { kind: "records", members: [], claims }, 1_050);
    const outcomes = contender.receive("n3", learned(3), 1_060);
    expect(contender.member.table.claim(group)).toEqual({ group, epoch: 6, owner: SELF });
    expect(outcomes).toContainEqual(
      expect.objectContaining({ kind: "owner", from: "n2", to: SELF }),
    );
    expect(outcomes).toContainEqual({ kind: "role", group, role: { kind: "own" } });
  });

  it("takes an offer from no stranger", () => {
    const contender = started(SELF);
    runUntil(contender, 2_000);
    const claims = [{ group, epoch: 9, owner: SELF }];
    expect(contender.receive("x1", { kind: "offer", claims }, 2_000)).toEqual([]);
    expect(contender.member.table.claim(group)?.epoch).not.toBe(9);
  });

  /** That n2 is in that state. */
  function learned(state: MemberState): Message {
    const members = [{ node: "n2", incarnation: 1, state, info: INFO }];
    return { kind: "records", members, claims: [] };
  }
});

function claimsOf({ member }: Contender): ReadonlyMap<string, number> {
  const owned = [...member.table.claims].filter(({ owner }) => owner !== undefined);
  return new Map(owned.map((claim) => [claim.group, hashOfClaim(claim)]));
}

/** Those whom neither holds for dead: who was cut off keeps to itself whom it does. */
function livingIn({ member }: Contender, other: Contender): ReadonlyMap<string, number> {
  const isDead = (node: string) =>
    [member, other.member].some((each) => each.stateOf(node) === MemberState.dead);
  const living = [...member.table.members].filter(({ node }) => !isDead(node));
  return new Map(living.map((record) => [record.node, hashOfRecord(record)]));
}

/** Each asks the other what it knows, and hears all that the other says. */
function exchange(one: Contender, other: Contender, now: number): void {
  const pairs = [
    [one, other, SELF, "n2"],
    [other, one, "n2", SELF],
  ] as const;
  for (const [asking, asked, from, to] of pairs) {
    const buckets = asking.member.table.buckets.slice();
    const answers = asked.receive(from, { kind: "digest", buckets, isAnswer: false }, now);
    for (const answer of [...answers, ...asked.tick(now)]) {
      if (answer.kind === "send" && answer.to === from) {
        asking.receive(to, answer.message, now);
      }
    }
  }
}
