import { describe, expect, it } from "vitest";
import { type Claim, isNewerClaim } from "#lib/membership/claim.ts";
import type { Member } from "#lib/membership/member.ts";
import { type MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import { INFO, learn, memberAmong, record } from "#lib/membership/testing/member-among.ts";
import { Claimant } from "./claimant.ts";
import type { ClaimantEffect } from "./claimant-effect.ts";

const GROUP = "192.0.2.1";
const { dead, speakerDown, restarting } = MemberState;

/** A while after all started. */
const NOW = 2_000;

interface Case {
  readonly order?: readonly string[];
  /** Of the last claim, at epoch 1; undefined: there is none. */
  readonly owner?: string;
  readonly others?: readonly MemberRecord[];
  readonly failbackMs?: number;
  readonly hasSurrogates?: boolean;
}

/** n1 among n2 and n3, of a group that it is to announce. */
function claimant({
  failbackMs = Number.POSITIVE_INFINITY,
  hasSurrogates = true,
  order = ["n1", "n2", "n3"],
  others,
  owner,
}: Case) {
  const member = memberAmong("n1", others ?? [record("n2"), record("n3")]);
  const one = new Claimant({ self: "n1", member, failbackMs, hasSurrogates });
  if (owner !== undefined) {
    member.table.putClaim({ group: GROUP, epoch: 1, owner });
  }
  const effects = one.put({ group: GROUP, order, canAnswer: () => true }, NOW);
  return { member, claimant: one, effects, claim: () => member.table.claim(GROUP) };
}

/** Does what is due until then. */
function run(one: Claimant, until: number, from = NOW): readonly ClaimantEffect[] {
  const effects: ClaimantEffect[] = [];
  for (let now = from; now <= until; now = Math.max(now + 1, one.nextDeadline)) {
    effects.push(...one.tick(now));
  }
  return effects;
}

function drain(one: Claimant, member: Member): void {
  member.setInfo({ ...INFO, isDraining: true }, NOW);
  one.lookAtAll(NOW, { because: "n1 drains" });
}

function kinds(effects: readonly ClaimantEffect[]): readonly string[] {
  return effects.map(({ kind }) => kind);
}

function messages(effects: readonly ClaimantEffect[], kind: "offer" | "refusal" | "records") {
  return effects.flatMap((effect) =>
    effect.kind === "send" && effect.message.kind === kind ? [effect] : [],
  );
}

function offer(to: string, epoch: number): { kind: "offer"; claims: readonly Claim[] } {
  return { kind: "offer", claims: [{ group: GROUP, epoch, owner: to }] };
}

describe("Claimant, of a group that nobody has", () => {
  it("claims it when it is first, and tells the next in line at once", () => {
    const { claim, claimant: one, effects } = claimant({});
    expect(claim()).toEqual({ group: GROUP, epoch: 1, owner: "n1" });
    expect(effects).toContainEqual({ kind: "claimed", group: GROUP, tell: ["n2"] });
    expect(one.roleOf(GROUP)).toEqual({ kind: "own" });
    expect(one.ownerOf(GROUP)).toBe("n1");
  });

  it("claims none within a second of its start", () => {
    const member = memberAmong("n1", [record("n2")]);
    const one = new Claimant({
      self: "n1",
      member,
      failbackMs: Number.POSITIVE_INFINITY,
      hasSurrogates: true,
    });
    one.put({ group: GROUP, order: ["n1"], canAnswer: () => true }, 10);
    expect(member.table.claim(GROUP)).toBeUndefined();
    run(one, 1_000, 10);
    expect(member.table.claim(GROUP)?.owner).toBe("n1");
  });

  it("claims it 300 ms later when it is second, for the first may see another order", () => {
    const { claim, claimant: one } = claimant({ order: ["n2", "n1"] });
    run(one, NOW + 299);
    expect(claim()).toBeUndefined();
    run(one, NOW + 300, NOW + 300);
    expect(claim()?.owner).toBe("n1");
  });

  it("leaves it where it may not have it", () => {
    const { claim, claimant: one } = claimant({ order: ["n2"] });
    run(one, NOW + 60_000);
    expect(claim()).toBeUndefined();
    expect(one.roleOf(GROUP)).toBeUndefined();
  });
});

describe("Claimant, of a group whose owner is dead", () => {
  const others = [record("n2", { state: dead }), record("n3")];

  it("claims it at the next epoch when it is first", () => {
    const { claim, effects } = claimant({ order: ["n2", "n1"], owner: "n2", others });
    expect(claim()).toEqual({ group: GROUP, epoch: 2, owner: "n1" });
    expect(effects).toContainEqual({
      kind: "owner",
      group: GROUP,
      from: undefined,
      to: "n1",
      because: "n2 is dead",
    });
  });

  it("claims it when the owner dies, and says why", () => {
    const { claim, claimant: one, member } = claimant({ order: ["n2", "n1"], owner: "n2" });
    learn(member, record("n2", { state: dead }));
    const because = "n2 is dead";
    expect(one.lookAtAll(NOW, { because })).toContainEqual({
      kind: "owner",
      group: GROUP,
      from: "n2",
      to: "n1",
      because,
    });
    expect(claim()?.epoch).toBe(2);
  });
});

describe("Claimant, of a group whose owner's speaker is down", () => {
  it.each([speakerDown, restarting])(
    "lends the owner its voice when it is next in line, state %i",
    (state) => {
      const { claimant: one } = claimant({
        order: ["n2", "n1"],
        owner: "n2",
        others: [record("n2", { state }), record("n3")],
      });
      expect(one.roleOf(GROUP)).toEqual({ kind: "voice", of: "n2" });
    },
  );

  const others = [record("n2", { state: speakerDown }), record("n3")];

  it("lends its voice a second later when it comes after the next, which may see another order", () => {
    const { claimant: one } = claimant({ order: ["n2", "n3", "n1"], owner: "n2", others });
    run(one, NOW + 999);
    expect(one.roleOf(GROUP)).toBeUndefined();
    run(one, NOW + 1_000, NOW + 1_000);
    expect(one.roleOf(GROUP)).toEqual({ kind: "voice", of: "n2" });
  });

  it("counts that second anew after the owner was well, and falls silent when it is", () => {
    const order = ["n2", "n3", "n1"];
    const { claimant: one, member } = claimant({ order, owner: "n2", others });
    const hears = (fields: Partial<MemberRecord>, now: number) => {
      const it = record("n2", fields);
      learn(member, it, now);
      one.memberChanged({ node: "n2", from: undefined, to: it.state, because: "it said so" });
      one.lookAtAll(now, { because: "it said so" });
    };
    run(one, NOW + 1_000);
    hears({ incarnation: 2 }, NOW + 2_000);
    expect(one.roleOf(GROUP)).toBeUndefined();
    hears({ incarnation: 2, state: restarting }, NOW + 3_000);
    run(one, NOW + 3_999, NOW + 3_000);
    expect(one.roleOf(GROUP)).toBeUndefined();
    run(one, NOW + 4_000, NOW + 4_000);
    expect(one.roleOf(GROUP)).toEqual({ kind: "voice", of: "n2" });
  });

  it("lends no voice, be it next or after that, where nobody is to", () => {
    for (const order of [
      ["n2", "n1", "n3"],
      ["n2", "n3", "n1"],
    ]) {
      const { claimant: one } = claimant({ order, owner: "n2", others, hasSurrogates: false });
      run(one, NOW + 900);
      expect(one.roleOf(GROUP)?.kind).not.toBe("voice");
    }
  });

  it("has nothing to do when two others come before it", () => {
    const order = ["n2", "n3", "n4", "n1"];
    const four = [...others, record("n4")];
    const { claimant: one } = claimant({ order, owner: "n2", others: four });
    run(one, NOW + 20_000);
    expect(one.roleOf(GROUP)).toBeUndefined();
  });

  it("asks the owner's MAC address after 30 s, and claims the group when that does not answer", () => {
    const { claim, claimant: one } = claimant({ order: ["n2", "n1"], owner: "n2", others });
    expect(run(one, NOW + 29_999)).toEqual([]);
    const asked = run(one, NOW + 30_249, NOW + 30_000);
    expect(asked).toEqual(Array(5).fill({ kind: "ask", group: GROUP, owner: "n2" }));
    expect(one.roleOf(GROUP)).toEqual({ kind: "voice", of: "n2" });
    run(one, NOW + 30_250, NOW + 30_250);
    expect(claim()).toEqual({ group: GROUP, epoch: 2, owner: "n1" });
    expect(one.roleOf(GROUP)).toEqual({ kind: "own" });
  });

  it("leaves the group where it is while the owner answers for it", () => {
    const { claim, claimant: one } = claimant({ order: ["n2", "n1"], owner: "n2", others });
    for (let now = NOW; now < NOW + 200_000; now = Math.max(now + 1, one.nextDeadline)) {
      for (const effect of one.tick(now)) {
        if (effect.kind === "ask") {
          one.addressHeard(effect.group, effect.owner, now);
        }
      }
    }
    expect(claim()?.owner).toBe("n2");
  });
});

describe("Claimant, of a group whose owner is well", () => {
  it("listens when it is next in line, to know who asks", () => {
    expect(claimant({ order: ["n2", "n1"], owner: "n2" }).claimant.roleOf(GROUP)).toEqual({
      kind: "listen",
    });
  });

  it("leaves it alone though the owner is not eligible as far as it knows", () => {
    const { claim, claimant: one } = claimant({ order: ["n1"], owner: "n2" });
    run(one, NOW + 100_000);
    expect(claim()?.owner).toBe("n2");
  });

  it("claims it two seconds after the owner left the list of nodes", () => {
    const { claim, claimant: one, member } = claimant({ order: ["n1"], owner: "n2" });
    member.setNodes(["n1", "n3"], NOW);
    one.lookAtAll(NOW, { because: "the list of nodes changed" });
    run(one, NOW + 1_999);
    expect(claim()?.owner).toBe("n2");
    run(one, NOW + 2_000, NOW + 2_000);
    expect(claim()?.owner).toBe("n1");
  });
});

describe("Claimant, of its own group", () => {
  it("offers it to the first other when it drains, with its own record, and lends its voice for 2 s when that took it", () => {
    const { claimant: one, member } = claimant({ owner: "n1" });
    drain(one, member);
    const effects = one.tick(NOW);
    expect(messages(effects, "records")).toMatchObject([
      { to: "n2", message: { members: [{ node: "n1" }] } },
    ]);
    expect(messages(effects, "offer")).toEqual([
      { kind: "send", to: "n2", message: offer("n2", 2) },
    ]);
    member.table.putClaim({ group: GROUP, epoch: 2, owner: "n2" });
    one.claimHeard(GROUP, NOW + 10);
    expect(one.roleOf(GROUP)).toEqual({ kind: "voice", of: "n2" });
    run(one, NOW + 2_010, NOW + 10);
    expect(one.roleOf(GROUP)).toBeUndefined();
  });

  it("keeps answering for it until somebody has taken it", () => {
    const { claimant: one, member } = claimant({ owner: "n1" });
    drain(one, member);
    one.receive("n2", { kind: "refusal", groups: [GROUP] }, NOW);
    const effects = run(one, NOW + 900);
    expect(messages(effects, "offer").at(-1)?.to).toBe("n3");
    expect(one.roleOf(GROUP)).toEqual({ kind: "own" });
  });

  it("offers it to another that was first for 30 s", () => {
    const { claimant: one } = claimant({ order: ["n2", "n1"], owner: "n1", failbackMs: 30_000 });
    expect(messages(run(one, NOW + 29_999), "offer")).toEqual([]);
    expect(messages(one.tick(NOW + 30_000), "offer")[0]?.to).toBe("n2");
  });

  it("gives it up when the Service is gone", () => {
    const { claim, claimant: one } = claimant({ owner: "n1" });
    expect(kinds(one.remove(GROUP, "the Service is gone"))).toEqual(["claimed", "owner"]);
    expect(claim()).toEqual({ group: GROUP, epoch: 2, owner: undefined });
  });

  it("only listens while this node is not settled", () => {
    const { claimant: one, member } = claimant({ owner: "n1" });
    member.tick(NOW);
    one.lookAtAll(NOW, { because: "this node was held up" });
    expect(one.roleOf(GROUP)).toEqual({ kind: "listen" });
  });

  it("yields to a newer claim", () => {
    const { claimant: one, member } = claimant({ owner: "n1" });
    member.table.putClaim({ group: GROUP, epoch: 2, owner: "n3" });
    one.claimHeard(GROUP, NOW);
    expect(one.roleOf(GROUP)?.kind).not.toBe("own");
    expect(one.ownerOf(GROUP)).toBe("n3");
  });
});

describe("Claimant, when it is offered a group", () => {
  it("takes it, and tells the former owner at once", () => {
    const { claim, claimant: one } = claimant({ order: ["n1", "n2"], owner: "n2" });
    expect(one.receive("n2", offer("n1", 2), NOW)).toContainEqual({
      kind: "claimed",
      group: GROUP,
      tell: ["n2"],
    });
    expect(claim()).toEqual({ group: GROUP, epoch: 2, owner: "n1" });
    expect(one.roleOf(GROUP)).toEqual({ kind: "own" });
  });

  const drainingN2 = record("n2", { info: { ...INFO, isDraining: true } });

  it("takes it from a better one that drains", () => {
    const { claim, claimant: one } = claimant({
      order: ["n2", "n1"],
      owner: "n2",
      others: [drainingN2],
    });
    one.receive("n2", offer("n1", 2), NOW);
    expect(claim()?.owner).toBe("n1");
  });

  it.each<Case & { what: string; isDraining?: boolean; to?: string }>([
    { what: "while it drains", isDraining: true },
    { what: "that it may not have", order: ["n2", "n3"] },
    { what: "that is meant for another", to: "n3" },
  ])("refuses one $what", ({ isDraining = false, order = ["n1", "n2"], to = "n1" }) => {
    const { claim, claimant: one, member } = claimant({ order, owner: "n2" });
    if (isDraining) {
      drain(one, member);
    }
    const effects = one.receive("n2", offer(to, 2), NOW);
    expect(messages(effects, "refusal")).toEqual([
      { kind: "send", to: "n2", message: { kind: "refusal", groups: [GROUP] } },
    ]);
    expect(claim()?.owner).toBe("n2");
  });

  it("says nothing to one that it would give back at once: that the other drains may be on its way", () => {
    const { claim, claimant: one } = claimant({ order: ["n2", "n1"], owner: "n2" });
    expect(one.receive("n2", offer("n1", 2), NOW)).toEqual([]);
    expect(claim()?.owner).toBe("n2");
  });

  it("answers an outdated offer by what it knows", () => {
    const { claimant: one } = claimant({ order: ["n1", "n2"], owner: "n2" });
    const [answer] = messages(one.receive("n2", offer("n1", 1), NOW), "records");
    expect(answer).toMatchObject({ to: "n2", message: { claims: [{ epoch: 1, owner: "n2" }] } });
  });

  it("refuses a group of which it knows nothing", () => {
    const one = new Claimant({
      self: "n1",
      member: memberAmong("n1", [record("n2")]),
      failbackMs: Number.POSITIVE_INFINITY,
      hasSurrogates: true,
    });
    expect(messages(one.receive("n2", offer("n1", 2), NOW), "refusal")).toHaveLength(1);
  });
});

describe("Claimant, when another tells its own address for this node's group", () => {
  const claimed = (owner: string): Claim => ({ group: GROUP, epoch: 1, owner });
  const names = ["n1", "n2", "n3"].toSorted((a, b) =>
    isNewerClaim(claimed(a), claimed(b)) ? -1 : 1,
  );
  const [strongest = "", , weakest = ""] = names;

  /** The group of that node, of which it hears that the rival has it. */
  function among(self: string, rival: string) {
    const others = names.filter((node) => node !== self);
    const member = memberAmong(
      self,
      others.map((node) => record(node)),
    );
    const one = new Claimant({
      self,
      member,
      failbackMs: Number.POSITIVE_INFINITY,
      hasSurrogates: true,
    });
    member.table.putClaim(claimed(self));
    one.put({ group: GROUP, order: [self, rival], canAnswer: () => true }, NOW);
    return { member, claimant: one, first: one.addressHeard(GROUP, rival, NOW) };
  }

  it("tells the rival its claim, and asks 300 ms later whether it still does so", () => {
    const { claimant: one, first } = among(strongest, weakest);
    expect(messages(first, "records")).toMatchObject([
      { to: weakest, message: { claims: [claimed(strongest)] } },
    ]);
    expect(run(one, NOW + 400)).toEqual([{ kind: "ask", group: GROUP, owner: weakest }]);
  });

  it("defends the group where both know that it has the better right", () => {
    const { claimant: one } = among(strongest, weakest);
    expect(one.addressHeard(GROUP, weakest, NOW + 300)).toContainEqual({
      kind: "defend",
      group: GROUP,
    });
  });

  it("yields where both know that the rival has it", () => {
    const { claimant: one, member } = among(weakest, strongest);
    one.addressHeard(GROUP, strongest, NOW + 300);
    expect(member.table.claim(GROUP)).toEqual({ group: GROUP, epoch: 2, owner: strongest });
    expect(one.roleOf(GROUP)?.kind).not.toBe("own");
  });

  it("defends it against one that is dead, whoever has the better right", () => {
    const { claimant: one, member } = among(weakest, strongest);
    learn(member, record(strongest, { state: MemberState.dead }), NOW);
    const effects = one.addressHeard(GROUP, strongest, NOW + 300);
    expect(effects).toContainEqual({ kind: "defend", group: GROUP });
    expect(member.table.claim(GROUP)?.owner).toBe(weakest);
  });

  it("announces it anew when the rival tells in a message that it has it", () => {
    const { claimant: one } = among(strongest, weakest);
    const at = (now: number) => kinds(one.rivalHeard(GROUP, now));
    expect([NOW, NOW + 1_000, NOW + 1_999, NOW + 2_000].map(at)).toEqual([
      [],
      ["announce"],
      [],
      ["announce"],
    ]);
    expect(among(weakest, strongest).claimant.rivalHeard("192.0.2.99", NOW)).toEqual([]);
  });

  it("yields at once while it is deaf", () => {
    const others = names.filter((node) => node !== strongest).map((node) => record(node));
    const member = memberAmong(strongest, others, () => false);
    const one = new Claimant({
      self: strongest,
      member,
      failbackMs: Number.POSITIVE_INFINITY,
      hasSurrogates: true,
    });
    member.table.putClaim(claimed(strongest));
    one.put({ group: GROUP, order: [strongest, weakest], canAnswer: () => true }, NOW);
    for (let now = 0; now <= 1_000; now += 50) {
      member.tick(now);
    }
    one.addressHeard(GROUP, weakest, 1_000);
    expect(member.table.claim(GROUP)?.owner).toBe(weakest);
  });

  it("does nothing about one that is no member, or about a group of another", () => {
    const { claimant: one } = claimant({ owner: "n1" });
    expect(one.addressHeard(GROUP, "x1", NOW)).toEqual([]);
    expect(claimant({ owner: "n2" }).claimant.addressHeard(GROUP, "n3", NOW)).toEqual([]);
  });
});

describe("Claimant, of groups that are not to be announced", () => {
  it("gives up what others hold it for the owner of", () => {
    const { claimant: one, member } = claimant({});
    member.table.putClaim({ group: "192.0.2.9", epoch: 4, owner: "n1" });
    one.claimHeard("192.0.2.9", NOW);
    expect(member.table.claim("192.0.2.9")).toEqual({
      group: "192.0.2.9",
      epoch: 5,
      owner: undefined,
    });
  });

  it("gives up at its first sweep what it heard of before it could know", () => {
    const { claimant: one, member } = claimant({});
    member.table.putClaim({ group: "192.0.2.9", epoch: 4, owner: "n1" });
    one.tick(NOW);
    expect(member.table.claim("192.0.2.9")?.owner).toBeUndefined();
  });

  it("forgets after ten minutes what nobody has", () => {
    const { claimant: one, member } = claimant({});
    member.table.putClaim({ group: "192.0.2.9", epoch: 4, owner: "n2" });
    member.table.putClaim({ group: "192.0.2.9", epoch: 5, owner: undefined });
    run(one, NOW + 660_000);
    expect(member.table.claim("192.0.2.9")).toBeUndefined();
    expect(member.table.claim(GROUP)?.owner).toBe("n1");
  });
});
