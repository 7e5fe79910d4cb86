import { describe, expect, it } from "vitest";
import { type MemberRecord, MemberState } from "./member-record.ts";
import { Finding, type Message } from "./message.ts";
import { Neighbourhood } from "./neighbourhood.ts";
import { profileOf } from "./profile.ts";
import { record } from "./testing/member-among.ts";
import { Vigil } from "./vigil.ts";

const { dead, speakerDown } = MemberState;

/** The vigil of n1 among n2 to n4, all of which beat until 0 and answered a probe. */
function vigil(nodes: readonly string[] = ["n2", "n3", "n4"]) {
  const profile = profileOf("balanced");
  const records = new Map<string, MemberRecord>(nodes.map((node) => [node, record(node)]));
  const neighbourhood = new Neighbourhood(
    "n1",
    profile,
    (node) => records.get(node)?.state === dead,
  );
  const sent: { readonly to: string; readonly message: Message }[] = [];
  const told: string[] = [];
  const kept = new Vigil("n1", profile, neighbourhood, {
    send: (to, message) => sent.push({ to, message }),
    probe: () => undefined,
    concluded: (node, verdict, { because }) => {
      told.push(because);
      records.set(node, record(node, { state: verdict }));
    },
    tell: (to, about) => told.push(`tell ${to} of ${about}`),
    record: (node) => records.get(node),
  });
  neighbourhood.setNodes(["n1", ...nodes], -300);
  kept.follow(-300);
  for (const node of nodes) {
    for (const at of [-300, -200, -100, 0]) {
      kept.heard(node, at);
    }
    kept.answered(node, 0);
  }
  return { vigil: kept, records, sent, told };
}

/** Runs at every millisecond, while those beat. */
function run(kept: Vigil, from: number, until: number, beating: readonly string[]): void {
  for (let now = from; now <= until; now++) {
    for (const node of now % 100 === 0 ? beating : []) {
      kept.heard(node, now);
    }
    kept.judge(now);
  }
}

function vote(subject: string, finding: Finding = Finding.down, incarnation = 1) {
  return { kind: "vote" as const, subject, incarnation, finding };
}

describe("Vigil", () => {
  it("tells the other observers of its vote, and nobody else", () => {
    const { sent, told, vigil: kept } = vigil();
    run(kept, 1, 325, ["n3", "n4"]);
    expect(sent).toEqual([
      { to: expect.stringMatching(/n[34]/), message: vote("n2") },
      { to: expect.stringMatching(/n[34]/), message: vote("n2") },
    ]);
    expect(told).toEqual([]);
  });

  it("concludes with the vote of another, and tells the other observers at once", () => {
    const { told, vigil: kept } = vigil();
    run(kept, 1, 324, ["n3", "n4"]);
    kept.hearVote("n3", vote("n2"), 324);
    run(kept, 325, 325, []);
    expect(told[0]).toBe("n2 is dead: no heartbeat for 325 ms, and its kernel does not answer");
    expect(told.slice(1).sort()).toEqual(["tell n3 of n2", "tell n4 of n2"]);
  });

  it("concludes alone, later, where nobody else can be heard", () => {
    const { told, vigil: kept } = vigil(["n2"]);
    run(kept, 1, 499, []);
    expect(told).toEqual([]);
    run(kept, 500, 500, []);
    expect(told[0]).toMatch(/n2 is dead/);
  });

  it("says that only the speaker is silent where the kernel answers", () => {
    const { told, vigil: kept } = vigil();
    run(kept, 1, 324, ["n3", "n4"]);
    kept.answered("n2", 324);
    kept.hearVote("n3", vote("n2", Finding.speakerDown), 324);
    run(kept, 325, 325, []);
    expect(told[0]).toBe("the speaker on n2 is silent for 325 ms, but its kernel answers");
  });

  it("waits longer when most are silent, for that may be its own fault", () => {
    const { told, vigil: kept } = vigil();
    run(kept, 1, 699, []);
    expect(told).toEqual([]);
    run(kept, 700, 700, []);
    expect(told.filter((line) => line.includes("is dead"))).toHaveLength(3);
  });

  it("objects to a vote on a member that it hears", () => {
    const { sent, vigil: kept } = vigil();
    kept.hearVote("n3", vote("n2"), 10);
    expect(sent).toEqual([{ to: "n3", message: { kind: "heard", subject: "n2", incarnation: 1 } }]);
  });

  it.each([
    { what: "an earlier life", now: record("n2", { incarnation: 2 }) },
    { what: "one that is dead", now: record("n2", { state: dead }) },
  ])("tells who votes on $what what it knows", ({ now }) => {
    const { records, sent, told, vigil: kept } = vigil();
    records.set("n2", now);
    kept.hearVote("n3", vote("n2"), 10);
    expect(sent).toEqual([]);
    expect(told).toEqual(["tell n3 of n2"]);
  });

  it("does not count a vote on a life of which it has not heard", () => {
    const { told, vigil: kept } = vigil();
    run(kept, 1, 324, ["n3", "n4"]);
    kept.hearVote("n3", vote("n2", Finding.down, 2), 324);
    run(kept, 325, 335, []);
    expect(told).toEqual([]);
  });

  it("does not object for a member whose speaker is down, though it was heard just now", () => {
    const { records, sent, vigil: kept } = vigil();
    records.set("n2", record("n2", { state: speakerDown }));
    kept.hearVote("n3", vote("n2"), 10);
    expect(sent).toEqual([]);
  });

  it("hears nobody when all are silent, and begins anew after a pause", () => {
    const { vigil: kept } = vigil();
    expect(kept.hearsNobody(324)).toBe(false);
    expect(kept.hearsNobody(325)).toBe(true);
    kept.beginAnew(325);
    expect(kept.hearsNobody(326)).toBe(false);
  });

  it("is deaf when it hears neither members nor anything else, and begins anew when it is no more", () => {
    const { vigil: kept } = vigil();
    kept.listen(true, 325);
    expect(kept.isDeaf).toBe(false);
    kept.listen(false, 360);
    expect(kept.isDeaf).toBe(true);
    kept.listen(true, 5_000);
    expect([kept.isDeaf, kept.hearsNobody(5_324)]).toEqual([false, false]);
  });

  it("stays all ears for a second after a frame, so that who is left alone can find out", () => {
    const { vigil: kept } = vigil();
    kept.listen(false, 360);
    kept.listen(true, 5_000);
    kept.listen(false, 5_999);
    expect(kept.isDeaf).toBe(false);
    kept.listen(false, 6_000);
    expect(kept.isDeaf).toBe(true);
  });

  it("says whom it hears", () => {
    const { vigil: kept } = vigil();
    expect([kept.hears("n2", 324), kept.hears("n2", 325), kept.hears("x1", 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("has something to do at its next deadline, and not before", () => {
    const { vigil: kept } = vigil();
    kept.judge(1);
    expect(kept.nextDeadline(1)).toBe(150);
  });
});
