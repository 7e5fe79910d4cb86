import { describe, expect, it } from "vitest";
import { type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { INFO, memberAmong, newMember, record } from "#lib/membership/testing/member-among.ts";
import { Candidates, type GroupDemand } from "./candidates.ts";

const { dead, speakerDown } = MemberState;

function demand(order: readonly string[], unable: readonly string[] = []): GroupDemand {
  return { group: "192.0.2.1", order, canAnswer: (node) => !unable.includes(node) };
}

function candidates(...others: readonly MemberRecord[]): Candidates {
  return new Candidates("n1", memberAmong("n1", others));
}

const draining = { ...INFO, isDraining: true };
const impaired = { ...INFO, isImpaired: true };
const ORDER = ["n2", "n3", "n1"];

describe("Candidates.first", () => {
  it.each([
    { what: "the first in order", others: [record("n2"), record("n3")], first: "n2" },
    {
      what: "not one that is dead",
      others: [record("n2", { state: dead }), record("n3")],
      first: "n3",
    },
    {
      what: "not one whose speaker is down",
      others: [record("n2", { state: speakerDown }), record("n3")],
      first: "n3",
    },
    {
      what: "not one that drains",
      others: [record("n2", { info: draining }), record("n3")],
      first: "n3",
    },
    {
      what: "not one that is impaired",
      others: [record("n2", { info: impaired }), record("n3")],
      first: "n3",
    },
    { what: "not one of which nobody has heard", others: [record("n3")], first: "n3" },
  ])("is $what", ({ first, others }) => {
    expect(candidates(...others).first(demand(ORDER))).toBe(first);
  });

  it("is one that drains rather than nobody", () => {
    expect(candidates(record("n2", { info: draining })).first(demand(["n2"]))).toBe("n2");
  });

  it("is not one without the links that the group needs", () => {
    expect(candidates(record("n2"), record("n3")).first(demand(ORDER, ["n2"]))).toBe("n3");
  });

  it("is the next when one is left out", () => {
    expect(candidates(record("n2"), record("n3")).first(demand(ORDER), "n2")).toBe("n3");
  });

  it("is not this node while it asks what it has missed", () => {
    const asking = new Candidates("n1", newMember("n1", ["n1"]));
    expect(asking.first(demand(["n1"]))).toBeUndefined();
  });

  it("is not one that left the list, though it lives", () => {
    const member = memberAmong("n1", [record("n2"), record("n3")]);
    member.setNodes(["n1", "n3"], 1);
    expect(new Candidates("n1", member).first(demand(ORDER))).toBe("n3");
  });
});

describe("Candidates.placeOfSelf", () => {
  it.each([
    { order: ["n1", "n2", "n3"], place: 0 },
    { order: ["n2", "n1", "n3"], place: 1 },
    { order: ["n2", "n3", "n1"], place: 2 },
    { order: ["n4", "n1", "n3"], place: 0 },
    { order: ["n2", "n3"], place: undefined },
  ])("is $place in $order", ({ order, place }) => {
    const all = candidates(record("n2"), record("n3"), record("n4", { state: dead }));
    expect(all.placeOfSelf(demand(order), 4)).toBe(place);
  });

  it("is after the next where this node drains", () => {
    const member = memberAmong("n1", [record("n2")]);
    member.setInfo(draining, 0);
    expect(new Candidates("n1", member).placeOfSelf(demand(["n1", "n2"]), 4)).toBe(1);
  });

  it("is none behind too many others", () => {
    const all = candidates(record("n2"), record("n3"), record("n4"));
    expect(all.placeOfSelf(demand(["n2", "n3", "n4", "n1"]), 3)).toBeUndefined();
  });
});

describe("Candidates.isSurrogate", () => {
  it("is the next in line", () => {
    const all = candidates(record("n2", { state: speakerDown }), record("n3"));
    expect(all.isSurrogate(demand(["n2", "n1", "n3"]), "n2")).toBe(true);
    expect(all.isSurrogate(demand(["n2", "n3", "n1"]), "n2")).toBe(false);
  });

  it("is any one node of the link where only the owner is eligible", () => {
    const all = candidates(record("n2", { state: speakerDown }), record("n3"));
    expect(all.isSurrogate(demand(["n2"]), "n2")).toBe(true);
    const other = new Candidates(
      "n3",
      memberAmong("n3", [record("n1"), record("n2", { state: speakerDown })]),
    );
    expect(other.isSurrogate(demand(["n2"]), "n2")).toBe(false);
  });
});
