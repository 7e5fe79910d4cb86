import { describe, expect, it } from "vitest";
import type { Claim } from "./claim.ts";
import { MemberState } from "./member-record.ts";
import type { Message } from "./message.ts";
import { Replica } from "./replica.ts";
import { record } from "./testing/member-among.ts";

const GROUP = "192.0.2.1";
const NEWS = { because: "it was said", now: 0 };

function claim(epoch: number, owner?: string): Claim {
  return { group: GROUP, epoch, owner };
}

/** A replica of n1 that notes all that comes of what it hears; everybody but x1 is a member. */
function replica() {
  const sent: { readonly to: string; readonly message: Message }[] = [];
  const told: string[] = [];
  const outside = {
    send: (to: string, message: Message) => sent.push({ to, message }),
    isMember: (node: string) => node !== "x1",
    learned: ({ node, state }: { node: string; state: number }) => told.push(`${node} is ${state}`),
    learnedOfSelf: () => told.push("of itself"),
    learnedAll: () => undefined,
    claimLearned: (group: string) => told.push(`${group} is claimed`),
    rivalHeard: (group: string) => told.push(`${group} has a rival`),
    compared: (from: string, isSame: boolean) =>
      told.push(`${from} is ${isSame ? "" : "not "}the same`),
  };
  return { replica: new Replica("n1", () => 0.5, outside), sent, told };
}

function records(members: readonly ReturnType<typeof record>[], claims: readonly Claim[] = []) {
  return { kind: "records" as const, members, claims };
}

describe("Replica", () => {
  it("tells of news once, and spreads it", () => {
    const { replica: one, told } = replica();
    one.learn(records([record("n2")], [claim(1, "n2")]), "n3", 0);
    one.learn(records([record("n2")], [claim(1, "n2")]), "n3", 0);
    expect(told).toEqual(["n2 is 0", `${GROUP} is claimed`]);
    expect(one.nextDeadline).toBe(0);
  });

  it("takes nobody's word of itself", () => {
    const { replica: one, told } = replica();
    one.learn(records([record("n1", { state: MemberState.dead })]), "n3", 0);
    expect(one.table.member("n1")).toBeUndefined();
    expect(told).toEqual(["of itself"]);
  });

  it("does not believe the dead that others are dead", () => {
    const { replica: one } = replica();
    const dead = (node: string) => record(node, { state: MemberState.dead });
    one.learn(records([record("n2"), record("n3"), dead("n4")]), "n2", 0);
    one.learn(records([dead("n2"), dead("n3")]), "n4", 0);
    one.learn(records([dead("n3")]), "n2", 0);
    expect(["n2", "n3"].map((node) => one.table.member(node)?.state)).toEqual([
      MemberState.alive,
      MemberState.dead,
    ]);
  });

  it("asks who holds this node for dead, and forgets whom it holds for dead itself", () => {
    const { replica: one, sent } = replica();
    one.learn(records([record("n2"), record("n3", { state: MemberState.dead })]), "n2", 0);
    one.doubt("n4");
    one.compare("n2", { kind: "digest", buckets: new Uint32Array(64).fill(1), isAnswer: true });
    expect(sent).toEqual([
      { to: "n4", message: expect.objectContaining({ kind: "digest", isAnswer: false }) },
      { to: "n2", message: records([record("n2")]) },
    ]);
    one.learn(records([record("n3")]), "n2", 0);
    expect(one.table.member("n3")).toEqual(record("n3"));
  });

  it("answers a claim that is outdated by the newer one", () => {
    const { replica: one, sent, told } = replica();
    one.learn(records([], [claim(3, "n2")]), "n3", 0);
    one.learn(records([], [claim(2, "n4")]), "n4", 0);
    expect(told.at(-1)).toBe(`${GROUP} has a rival`);
    expect(sent).toEqual([{ to: "n4", message: records([], [claim(3, "n2")]) }]);
  });

  it("tells who has what was its own that it was, for that may have been announced", () => {
    const { replica: one, sent } = replica();
    one.learn(records([], [claim(3, "n1")]), "n3", 0);
    one.learn(records([], [claim(4, "n2")]), "n3", 0);
    one.learn(records([], [claim(5, "n3")]), "n3", 0);
    expect(sent).toEqual([{ to: "n2", message: records([], [claim(3, "n1")]) }]);
  });

  it.each([
    { node: "n2", isTaken: true },
    { node: "x1", isTaken: false },
  ])(
    "learns that $node is dead: $isTaken, for of strangers nobody need know",
    ({ node, isTaken }) => {
      const { replica: one } = replica();
      one.learn(records([record(node, { state: MemberState.dead })]), "n3", 0);
      expect(one.table.member(node) !== undefined).toBe(isTaken);
    },
  );

  it("answers a digest by what differs and by its own, what concerns the asker first", () => {
    const { replica: one, sent } = replica();
    for (const node of ["n2", "n3", "n4"]) {
      one.put(record(node), NEWS);
    }
    const buckets = new Uint32Array(one.table.buckets.length).fill(1);
    one.compare("n4", { kind: "digest", buckets, isAnswer: false });
    expect(sent.map(({ message }) => message.kind)).toEqual(["records", "digest"]);
    const [first] = sent;
    expect(first?.message).toMatchObject({ members: [{ node: "n4" }, {}, {}] });
  });

  it("sends no records to who knows the same", () => {
    const { replica: one, sent, told } = replica();
    one.put(record("n2"), NEWS);
    one.compare("n2", { kind: "digest", buckets: one.table.buckets.slice(), isAnswer: true });
    expect(sent).toEqual([]);
    expect(told).toEqual(["n2 is 0", "n2 is the same"]);
  });

  it("answers no answer by a digest, or two would never end", () => {
    const { replica: one, sent } = replica();
    const buckets = new Uint32Array(one.table.buckets.length).fill(1);
    one.compare("n2", { kind: "digest", buckets, isAnswer: true });
    expect(sent.map(({ message }) => message.kind)).toEqual(["records"]);
  });

  it("tells the first of a claim at once", () => {
    const { replica: one, sent } = replica();
    one.table.putClaim(claim(1, "n1"));
    one.claimed(GROUP, ["n2", "n3"]);
    expect(sent.map(({ to }) => to)).toEqual(["n2", "n3"]);
  });
});
