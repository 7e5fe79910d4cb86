import { describe, expect, it } from "vitest";
import { type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { INFO, learn, memberAmong, record } from "#lib/membership/testing/member-among.ts";
import { Candidates } from "./candidates.ts";
import { Giving } from "./giving.ts";
import { newGroup } from "./group.ts";

const FAILBACK_MS = 30_000;
/** Of who refused. */
const ASKABLE_AT = 5_000;
const FIRST_SEEN_AT = 0;
const NEVER = Number.POSITIVE_INFINITY;

interface Case {
  readonly order: readonly string[];
  readonly others?: readonly MemberRecord[];
  readonly failbackMs?: number;
  readonly isDraining?: boolean;
  readonly refused?: readonly string[];
  readonly now?: number;
}

/** To whom n1 gives what it owns. */
function gift({ failbackMs = NEVER, isDraining, now = 10, order, others, refused = [] }: Case) {
  const member = memberAmong("n1", others ?? [record("n2"), record("n3")]);
  const candidates = new Candidates("n1", member);
  member.setInfo({ ...INFO, isDraining: isDraining === true }, 0);
  const demand = { group: "192.0.2.1", order, canAnswer: () => true };
  const giving = new Giving({ self: "n1", failbackMs }, candidates);
  const askableAt = (node: string) => (refused.includes(node) ? ASKABLE_AT : 0);
  const group = newGroup(demand);
  giving.giftOf(group, FIRST_SEEN_AT, askableAt);
  return giving.giftOf(group, now, askableAt);
}

describe("Giving", () => {
  it.each<Case & { what: string; to: string | undefined; lookAt: number }>([
    {
      what: "keeps what it is first for",
      order: ["n1", "n2"],
      failbackMs: FAILBACK_MS,
      to: undefined,
      lookAt: NEVER,
    },
    {
      what: "gives all away when it drains",
      order: ["n1", "n2"],
      isDraining: true,
      to: "n2",
      lookAt: NEVER,
    },
    { what: "gives away what it may not have", order: ["n2", "n3"], to: "n2", lookAt: NEVER },
    {
      what: "keeps what nobody else can take",
      order: ["n1", "n2"],
      isDraining: true,
      others: [record("n2", { state: MemberState.dead })],
      to: undefined,
      lookAt: NEVER,
    },
    {
      what: "gives nothing to one that drains",
      order: ["n2", "n3"],
      others: [record("n2", { info: { ...INFO, isDraining: true } }), record("n3")],
      to: "n3",
      lookAt: NEVER,
    },
    {
      what: "goes on to the next when one refused, and looks again when that can be asked",
      order: ["n2", "n3"],
      refused: ["n2"],
      to: "n3",
      lookAt: ASKABLE_AT,
    },
    {
      what: "waits until another was first for 30 s",
      order: ["n2", "n1"],
      failbackMs: FAILBACK_MS,
      to: undefined,
      lookAt: FAILBACK_MS,
    },
    {
      what: "gives back after 30 s",
      order: ["n2", "n1"],
      failbackMs: FAILBACK_MS,
      now: FAILBACK_MS,
      to: "n2",
      lookAt: NEVER,
    },
    {
      what: "gives back to one that refused as soon as that can be asked, and to none in between",
      order: ["n2", "n3", "n1"],
      failbackMs: 1_000,
      refused: ["n2"],
      now: 2_000,
      to: undefined,
      lookAt: ASKABLE_AT,
    },
    {
      what: "never gives back where that is so said",
      order: ["n2", "n1"],
      now: FAILBACK_MS,
      to: undefined,
      lookAt: NEVER,
    },
  ])("$what", ({ what: _, to, lookAt, ...rest }) => {
    expect(gift(rest)).toEqual({ to, lookAt });
  });

  it("counts the 30 s from when the other came back, or was fit again", () => {
    const member = memberAmong("n1", [record("n2")]);
    const giving = new Giving(
      { self: "n1", failbackMs: FAILBACK_MS },
      new Candidates("n1", member),
    );
    const order = ["n2", "n1"];
    const group = newGroup({ group: "192.0.2.1", order, canAnswer: () => true });
    const lookAt = (now: number) => giving.giftOf(group, now, () => 0).lookAt;
    expect(lookAt(0)).toBe(30_000);
    learn(member, record("n2", { state: MemberState.dead }), 10_000);
    expect(lookAt(10_000)).toBe(NEVER);
    learn(member, record("n2", { incarnation: 2 }), 20_000);
    expect([lookAt(20_000), lookAt(25_000)]).toEqual([50_000, 50_000]);
    learn(member, record("n2", { incarnation: 3, info: { ...INFO, isDraining: true } }), 30_000);
    expect(lookAt(30_000)).toBe(NEVER);
    learn(member, record("n2", { incarnation: 4 }), 40_000);
    expect(lookAt(40_000)).toBe(70_000);
  });
});
