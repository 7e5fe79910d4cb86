import { beforeEach, describe, expect, test } from "vitest";
import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import { learn, memberAmong, record } from "#lib/membership/testing/member-among.ts";
import { Candidates } from "./candidates.ts";
import { Causes } from "./causes.ts";
import { Keeping } from "./keeping.ts";

const GROUP = "192.0.2.1";

let member: Member;
let causes: Causes;

beforeEach(() => {
  member = memberAmong("n1", [record("n2"), record("n3")]);
  causes = new Causes("n1", member, new Candidates("n1", member), new Keeping(member, true));
});

function claimedBy(owner: string | undefined): void {
  member.table.putClaim({ group: GROUP, epoch: 1, owner });
}

function vacancyFor(...order: readonly string[]) {
  return causes.ofVacancy({ group: GROUP, order, canAnswer: () => true });
}

test.for([
  { what: "another claimed it", owner: "n2", because: "n2 claimed it" },
  {
    what: "this node had it before its restart",
    owner: "n1",
    because: "it owned the address before",
  },
  { what: "nobody has it", owner: undefined, because: "its owner gave it up" },
])("a group is its owner's because $what", ({ because, owner }) => {
  claimedBy(owner);
  expect(causes.ofClaim(GROUP)).toEqual({ because });
});

describe("a group is claimed", () => {
  test("by the first node that is able, or else by one whom nobody has forestalled", () => {
    expect(vacancyFor("n1", "n2").because).toBe("n1 is the first eligible node that is alive");
    expect(vacancyFor("n2", "n1").because).toBe("no node that is preferred to n1 claimed it");
  });

  test("for what its owner died of, be it long ago", () => {
    claimedBy("n2");
    learn(member, record("n2", { state: MemberState.dead }));
    expect(vacancyFor("n1")).toEqual({ because: "n2 is dead" });
    const change = { node: "n2", from: MemberState.alive, to: MemberState.dead };
    causes.memberChanged({ ...change, because: "n2 is dead: no heartbeat", silentMs: 512 });
    causes.memberChanged({ ...change, node: "n3", because: "n3 is dead" });
    expect(vacancyFor("n1")).toEqual({ because: "n2 is dead: no heartbeat", afterMs: 512 });
  });

  test("because its owner's speaker is down for too long", () => {
    claimedBy("n2");
    learn(member, record("n2", { state: MemberState.speakerDown }));
    expect(vacancyFor("n1")).toEqual({ because: "the speaker on n2 is down for 30 s" });
  });

  test("because its owner left the cluster", () => {
    claimedBy("n2");
    member.setNodes(["n1", "n3"], 0);
    expect(vacancyFor("n1")).toEqual({ because: "n2 is no longer a node of the cluster" });
  });
});
