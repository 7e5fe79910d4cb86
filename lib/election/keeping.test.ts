import { describe, expect, it } from "vitest";
import { MemberState } from "#lib/membership/member-record.ts";
import { learn, memberAmong, record } from "#lib/membership/testing/member-among.ts";
import { Keeping } from "./keeping.ts";

const { dead, speakerDown, restarting } = MemberState;

function keepingAmong() {
  const member = memberAmong("n1", [record("n2"), record("n3")]);
  return { member, keeping: new Keeping(member, true) };
}

describe("Keeping", () => {
  it.each([
    { what: "for ever while it is well", fields: {}, until: Number.POSITIVE_INFINITY },
    { what: "30 s while it restarts", fields: { state: restarting }, until: 30_500 },
    { what: "30 s while its speaker is down", fields: { state: speakerDown }, until: 30_500 },
    { what: "no longer when it is dead", fields: { state: dead }, until: Number.NEGATIVE_INFINITY },
  ])("lets an owner keep its groups $what", ({ fields, until }) => {
    const { keeping, member } = keepingAmong();
    learn(member, record("n2", fields), 100);
    expect(keeping.until("n2", 500)).toBe(until);
    expect(keeping.until("n2", 900)).toBe(until);
  });

  it("gives who left the list two seconds to give its groups away", () => {
    const { keeping, member } = keepingAmong();
    member.setNodes(["n1", "n3"], 100);
    expect(keeping.until("n2", 500)).toBe(2_500);
  });

  it("lets one keep its groups that is newer than this node's list", () => {
    const { keeping, member } = keepingAmong();
    learn(member, record("x1"), 100);
    expect(keeping.until("x1", 500)).toBe(Number.POSITIVE_INFINITY);
  });

  it("knows nobody of whom it never heard", () => {
    expect(keepingAmong().keeping.until("x1", 500)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("counts anew after the owner was well", () => {
    const { keeping, member } = keepingAmong();
    learn(member, record("n2", { state: speakerDown }), 0);
    keeping.until("n2", 0);
    learn(member, record("n2", { incarnation: 2 }), 0);
    keeping.until("n2", 10_000);
    learn(member, record("n2", { incarnation: 2, state: speakerDown }), 0);
    expect(keeping.until("n2", 20_000)).toBe(50_000);
  });

  it("counts anew after the owner was well while nobody looked", () => {
    const { keeping, member } = keepingAmong();
    learn(member, record("n2", { state: speakerDown }), 0);
    keeping.until("n2", 0);
    keeping.forget("n2");
    expect(keeping.until("n2", 100_000)).toBe(130_000);
    expect(keeping.downSince("n2")).toBe(100_000);
    expect(keeping.downSince("n3")).toBe(Number.POSITIVE_INFINITY);
  });
});
