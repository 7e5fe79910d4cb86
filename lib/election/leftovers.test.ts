import { describe, expect, it } from "vitest";
import { type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { memberAmong, record } from "#lib/membership/testing/member-among.ts";
import { type Found, Leftovers } from "./leftovers.ts";

const GROUP = "192.0.2.1";
const TEN_MINUTES_MS = 600_000;
const NOTHING: Found = { forget: [], giveUp: [] };

interface Case {
  readonly owner: string | undefined;
  readonly n2?: Partial<MemberRecord>;
  readonly isAnnounced?: boolean;
}

/** What n1 finds, looking every minute until then. */
function found({ isAnnounced = false, n2, owner }: Case, end: number): Found {
  const member = memberAmong("n1", [record("n2", n2)]);
  member.table.putClaim({ group: GROUP, epoch: 1, owner: "n2" });
  member.table.putClaim({ group: GROUP, epoch: 2, owner });
  const leftovers = new Leftovers("n1", member);
  let last = NOTHING;
  for (let now = 1_000; now <= end; now += 60_000) {
    last = leftovers.tick(now, () => isAnnounced);
  }
  return last;
}

describe("Leftovers", () => {
  it.each<Case & { what: string }>([
    { what: "what is to be announced", owner: undefined, isAnnounced: true },
    { what: "what a living node has", owner: "n2" },
    {
      what: "what a node has whose speaker is down",
      owner: "n2",
      n2: { state: MemberState.speakerDown },
    },
    { what: "its own that is to be announced", owner: "n1", isAnnounced: true },
  ])("leaves alone $what", ({ what: _, ...rest }) => {
    expect(found(rest, 2 * TEN_MINUTES_MS)).toEqual(NOTHING);
  });

  it.each<Case & { what: string; expected: Found }>([
    {
      what: "forgets what nobody has",
      owner: undefined,
      expected: { forget: [GROUP], giveUp: [] },
    },
    {
      what: "gives up what a dead node has",
      owner: "n2",
      n2: { state: MemberState.dead },
      expected: { forget: [], giveUp: [GROUP] },
    },
    {
      what: "gives up what a node has of whom nobody has heard",
      owner: "x1",
      expected: { forget: [], giveUp: [GROUP] },
    },
  ])("$what, after ten minutes", ({ what: _, expected, ...rest }) => {
    expect(found(rest, 1_000 + TEN_MINUTES_MS - 60_000)).toEqual(NOTHING);
    expect(found(rest, 1_000 + TEN_MINUTES_MS)).toEqual(expected);
  });

  it("gives up at once what this node is said to have and does not announce", () => {
    expect(found({ owner: "n1" }, 1_000)).toEqual({ forget: [], giveUp: [GROUP] });
  });

  it("looks when a node that has started may have heard of all, and every minute", () => {
    const leftovers = new Leftovers("n1", memberAmong("n1", [record("n2")]));
    expect(leftovers.nextDeadline).toBe(1_000);
    leftovers.tick(1_000, () => false);
    expect(leftovers.nextDeadline).toBe(61_000);
  });
});
