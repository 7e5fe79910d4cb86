import { describe, expect, it } from "vitest";
import { type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { memberAmong, newMember, record } from "#lib/membership/testing/member-among.ts";
import { Candidates } from "./candidates.ts";
import { newGroup } from "./group.ts";
import { Succession } from "./succession.ts";

const GROUP = "192.0.2.1";
const { alive, dead, speakerDown } = MemberState;

function group(order: readonly string[]) {
  return newGroup({ group: GROUP, order, canAnswer: () => true });
}

/** The succession of n1 to n2, which is in that state. */
function succession(n2: Partial<MemberRecord>) {
  const member = memberAmong("n1", [record("n2", n2), record("n3")]);
  member.table.putClaim({ group: GROUP, epoch: 1, owner: "n2" });
  return new Succession(member, new Candidates("n1", member));
}

describe("Succession", () => {
  it.each([
    { what: "dead", n2: { state: dead }, turn: { kind: "claim" } },
    {
      what: "alive, and is to be succeeded for it left the cluster",
      n2: { state: alive },
      turn: { kind: "claim" },
    },
    {
      what: "perhaps only not heard",
      n2: { state: speakerDown },
      turn: { kind: "ask", owner: "n2" },
    },
  ])("of an owner that is $what begins with $turn.kind", ({ n2, turn }) => {
    expect(succession(n2).turnOn(group(["n1", "n2"]), 1_000)).toEqual(turn);
  });

  it("leaves an owner that is perhaps only not heard to the first in order, who listens to it", () => {
    const one = succession({ state: speakerDown });
    const second = group(["n3", "n1", "n2"]);
    expect([1_000, 2_000, 60_000].map((now) => one.turnOn(second, now).kind)).toEqual([
      "wait",
      "wait",
      "wait",
    ]);
  });

  it("waits while the owner's speaker answers", () => {
    const one = succession({ state: speakerDown });
    const asked = group(["n1", "n2"]);
    one.turnOn(asked, 1_000);
    one.answered(GROUP, "n2", 1_001);
    asked.lookAt = Number.POSITIVE_INFINITY;
    expect(one.turnOn(asked, 1_050)).toEqual({ kind: "wait" });
    expect(asked.lookAt).toBe(31_001);
  });

  it("asks an owner of whom there is no record again after a second", () => {
    const member = memberAmong("n1", [record("n3")]);
    member.table.putClaim({ group: GROUP, epoch: 1, owner: "n2" });
    const one = new Succession(member, new Candidates("n1", member));
    const asked = group(["n1", "n2"]);
    one.turnOn(asked, 1_000);
    one.answered(GROUP, "n2", 1_001);
    const times = [2_001, 2_051, 2_101, 2_151, 2_201, 2_251];
    expect(times.map((now) => one.turnOn(asked, now).kind)).toEqual([
      ...Array(5).fill("ask"),
      "claim",
    ]);
  });

  it("claims when the owner's speaker does not answer five questions", () => {
    const one = succession({ state: speakerDown });
    const asked = group(["n1", "n2"]);
    const turns = [0, 50, 100, 150, 200, 250].map((ms) => one.turnOn(asked, 1_000 + ms).kind);
    expect(turns).toEqual(["ask", "ask", "ask", "ask", "ask", "claim"]);
  });

  it("waits until it is a second since this node started", () => {
    const one = succession({ state: dead });
    const waiting = group(["n1", "n2"]);
    expect(one.turnOn(waiting, 999)).toEqual({ kind: "wait" });
    expect(waiting.lookAt).toBe(1_000);
  });

  it("waits while this node asks what it has missed", () => {
    const member = newMember("n1", ["n1", "n2"]);
    const one = new Succession(member, new Candidates("n1", member));
    expect(one.turnOn(group(["n1"]), 2_000)).toEqual({ kind: "wait" });
  });

  it("lets the first in order go first, and claims 300 ms later for each before it", () => {
    const one = succession({ state: dead });
    const second = group(["n3", "n1"]);
    expect([1_000, 1_299, 1_300].map((now) => one.turnOn(second, now).kind)).toEqual([
      "wait",
      "wait",
      "claim",
    ]);
  });

  it("is not its turn where it may not have the group", () => {
    expect(succession({ state: dead }).turnOn(group(["n3"]), 5_000)).toEqual({ kind: "wait" });
  });
});
