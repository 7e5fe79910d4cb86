import { describe, expect, it } from "vitest";
import type { Effect } from "./effect.ts";
import type { Member } from "./member.ts";
import { MemberState } from "./member-record.ts";
import type { Heartbeat, Message } from "./message.ts";
import { INFO, learn, memberAmong, newMember, record } from "./testing/member-among.ts";

const { alive, dead, speakerDown, restarting } = MemberState;

const OTHERS = [record("n2"), record("n3")];

function sentBy(effects: readonly Effect[], kind: Message["kind"]) {
  return effects.flatMap((effect) =>
    effect.kind === "send" && effect.message.kind === kind ? [effect] : [],
  );
}

function heartbeat(member: Member, fields: Partial<Heartbeat> = {}): Heartbeat {
  const { hash } = member.table;
  return { kind: "heartbeat", incarnation: 1, isDeaf: false, hearsYou: true, hash, ...fields };
}

/** Does what is due until then, while the others beat. */
function run(
  member: Member,
  from: number,
  until: number,
  beating: readonly string[],
): readonly Effect[] {
  const effects: Effect[] = [];
  for (let now = from; now <= until; now += 10) {
    for (const node of now % 100 === 0 ? beating : []) {
      effects.push(...member.receive(node, heartbeat(member), now));
    }
    effects.push(...member.tick(now));
  }
  return effects;
}

function own(member: Member) {
  return member.table.member("n1");
}

describe("Member, when it starts", () => {
  it("asks the others what it has missed, and knows enough when one of them knows no more", () => {
    const member = newMember("n1", ["n1", "n2", "n3"]);
    expect(
      sentBy(member.tick(0), "digest")
        .map(({ to }) => to)
        .sort(),
    ).toEqual(["n2", "n3"]);
    expect(member.isSettled).toBe(false);
    const buckets = member.table.buckets.slice();
    expect(member.receive("n2", { kind: "digest", buckets, isAnswer: true }, 10)).toContainEqual({
      kind: "settled",
      isSettled: true,
      because: "n2 confirms what it knows",
    });
    expect(member.isSettled).toBe(true);
  });

  it("serves after 300 ms when nobody answers", () => {
    const member = newMember("n1", ["n1", "n2"]);
    run(member, 0, 290, []);
    expect(member.isSettled).toBe(false);
    run(member, 300, 300, []);
    expect(member.isSettled).toBe(true);
  });

  it("claims nothing that nobody has before it has heard for a second", () => {
    expect(newMember("n1", ["n1"]).claimsFrom).toBe(1_000);
  });

  it("takes the life after the one that others know of", () => {
    const member = newMember("n1", ["n1", "n2"]);
    learn(member, record("n1", { incarnation: 7 }));
    expect(own(member)?.incarnation).toBe(8);
  });

  it.each([
    { told: 2 ** 32 - 1, own: 1, what: "which came before this one" },
    { told: 2 ** 31 + 1, own: 2 ** 31 + 2, what: "which comes after this one" },
  ])(
    "lives on in a life that can be written when it is told of $told, $what",
    ({ own: expected, told }) => {
      const member = newMember("n1", ["n1", "n2"]);
      learn(member, record("n1", { incarnation: told }));
      expect(own(member)?.incarnation).toBe(expected);
    },
  );
});

describe("Member, of whom it hears", () => {
  it.each(["x1", "n1"])("does not listen to %s", (from) => {
    const member = memberAmong("n1", OTHERS);
    expect(
      member.receive(from, { kind: "records", members: [record("n4")], claims: [] }, 0),
    ).toEqual([]);
    expect(member.stateOf("n4")).toBeUndefined();
  });

  it("listens to who left the list, for it may not know", () => {
    const member = memberAmong("n1", OTHERS);
    member.setNodes(["n1", "n2"], 1);
    expect(member.isMember("n3")).toBe(true);
    expect(member.isFormer("n3")).toBe(true);
    member.receive("n3", { kind: "records", members: [record("n4")], claims: [] }, 2);
    expect(member.stateOf("n4")).toBe(alive);
  });

  it("forgets who left the list and is dead for an hour", () => {
    const member = memberAmong("n1", OTHERS);
    member.setNodes(["n1", "n2"], 1);
    learn(member, record("n3", { state: dead }), 2);
    for (let now = 0; now <= 3_660_000; now += 60_000) {
      member.tick(now);
    }
    expect(member.stateOf("n3")).toBeUndefined();
    expect(member.isMember("n3")).toBe(false);
  });

  it("says since when another is alive without a break", () => {
    const member = memberAmong("n1", OTHERS);
    expect(member.aliveSince("n2")).toBe(0);
    learn(member, record("n2", { state: speakerDown }), 50);
    expect(member.aliveSince("n2")).toBeUndefined();
    learn(member, record("n2", { incarnation: 2 }), 70);
    expect(member.aliveSince("n2")).toBe(70);
  });

  it("takes a restart for no break", () => {
    const member = memberAmong("n1", OTHERS);
    learn(member, record("n2", { state: restarting }), 50);
    learn(member, record("n2", { incarnation: 2 }), 70);
    expect(member.aliveSince("n2")).toBe(0);
  });
});

describe("Member, when it beats", () => {
  it("tells each observer that it lives, and whether it hears it", () => {
    const member = memberAmong("n1", OTHERS);
    member.receive("n2", heartbeat(member), 90);
    const beats = sentBy(member.tick(101), "heartbeat");
    const hearing = Object.fromEntries(
      beats.map(({ message, to }) => [to, message.kind === "heartbeat" && message.hearsYou]),
    );
    expect(hearing).toEqual({ n2: true, n3: false });
  });

  it("answers nothing more, and asks, when it could not beat for over 200 ms", () => {
    const member = memberAmong("n1", OTHERS);
    run(member, 0, 100, ["n2", "n3"]);
    expect(member.tick(350)).toContainEqual({
      kind: "settled",
      isSettled: false,
      because: "this node was held up for 250 ms",
    });
    expect(member.isSettled).toBe(false);
  });

  it("makes no verdict on others right after it was held up", () => {
    const member = memberAmong("n1", OTHERS);
    run(member, 0, 100, ["n2", "n3"]);
    run(member, 2_000, 2_100, []);
    expect([member.stateOf("n2"), member.stateOf("n3")]).toEqual([alive, alive]);
  });
});

describe("Member, when it hears a heartbeat", () => {
  it("compares what both know after three heartbeats that differ", () => {
    const member = memberAmong("n1", OTHERS);
    const different = heartbeat(member, { hash: 1 });
    const asked = [10, 110, 210].map(
      (now) => sentBy(member.receive("n2", different, now), "digest").length,
    );
    expect(asked).toEqual([0, 0, 1]);
  });

  it("asks at once who speaks of a life that it does not know", () => {
    const member = memberAmong("n1", OTHERS);
    const later = heartbeat(member, { incarnation: 2 });
    expect(sentBy(member.receive("n2", later, 10), "digest")).toHaveLength(1);
  });

  it("tells who it holds for dead so, that it may object by a new life", () => {
    const member = memberAmong("n1", OTHERS);
    learn(member, record("n2", { state: dead }), 1);
    const [answer] = sentBy(member.receive("n2", heartbeat(member), 10), "records");
    expect(answer).toMatchObject({ to: "n2", message: { members: [{ node: "n2", state: dead }] } });
  });

  it("holds for dead who says three times that it hears nobody", () => {
    const member = memberAmong("n1", OTHERS);
    run(member, 0, 1_000, ["n2", "n3"]);
    for (const now of [1_010, 1_110, 1_210]) {
      member.receive("n2", heartbeat(member, { isDeaf: true }), now);
    }
    expect(member.stateOf("n2")).toBe(dead);
  });

  it("tells when an observer does not hear this node for a second", () => {
    const member = memberAmong("n1", OTHERS);
    const effects: Effect[] = [];
    for (let count = 0; count < 12; count++) {
      effects.push(...member.receive("n2", heartbeat(member, { hearsYou: false }), count * 100));
    }
    effects.push(...member.receive("n2", heartbeat(member), 1_200));
    expect(effects.filter(({ kind }) => kind === "hearing")).toEqual([
      { kind: "hearing", node: "n2", hearsThis: false },
      { kind: "hearing", node: "n2", hearsThis: true },
    ]);
  });
});

describe("Member, of itself", () => {
  it("lives on in a new life when another holds it for dead", () => {
    const member = memberAmong("n1", OTHERS);
    learn(member, record("n1", { state: dead }), 10);
    expect(own(member)).toMatchObject({ incarnation: 2, state: alive });
  });

  it("tells of new links in a new life", () => {
    const member = memberAmong("n1", OTHERS);
    member.setInfo({ ...INFO, isDraining: true }, 10);
    expect(own(member)).toMatchObject({ incarnation: 2, info: { isDraining: true } });
  });

  it("says three times to each observer that it restarts", () => {
    const member = memberAmong("n1", OTHERS);
    const said = sentBy(member.restart(10), "records").filter(
      ({ message }) =>
        message.kind === "records" && message.members.some(({ state }) => state === restarting),
    );
    for (const node of ["n2", "n3"]) {
      expect(said.filter(({ to }) => to === node).length).toBeGreaterThanOrEqual(3);
    }
  });

  it("objects to nobody who holds it for restarting, which it is", () => {
    const member = memberAmong("n1", OTHERS);
    member.restart(10);
    learn(member, record("n1", { incarnation: 2, state: dead }), 20);
    expect(own(member)).toMatchObject({ incarnation: 2, state: restarting });
  });
});

describe("Member, of who is silent", () => {
  it("holds it for dead with the vote of another, and tells that observer", () => {
    const member = memberAmong("n1", OTHERS);
    run(member, 0, 1_000, ["n2", "n3"]);
    member.probeAnswered("n2", 900);
    run(member, 1_010, 1_315, ["n3"]);
    const vote = { kind: "vote" as const, subject: "n2", incarnation: 1, finding: 2 as const };
    member.receive("n3", vote, 1_320);
    const effects = run(member, 1_325, 1_500, ["n3"]);
    expect(member.stateOf("n2")).toBe(dead);
    expect(effects).toContainEqual({
      kind: "member",
      change: {
        node: "n2",
        from: alive,
        to: dead,
        because: expect.stringContaining("n2 is dead: no heartbeat for"),
        silentMs: expect.any(Number),
      },
    });
  });
});
