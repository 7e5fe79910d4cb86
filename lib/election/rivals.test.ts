import { describe, expect, it } from "vitest";
import { type Claim, isNewerClaim } from "#lib/membership/claim.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import { memberAmong, record } from "#lib/membership/testing/member-among.ts";
import { Rivals } from "./rivals.ts";

const GROUP = "192.0.2.1";

function claim(owner: string): Claim {
  return { group: GROUP, epoch: 4, owner };
}

/** Of two nodes that claim a group at once, the one that all agree on first. */
const [STRONG = "", WEAK = ""] = ["n1", "n2"].toSorted((a, b) =>
  isNewerClaim(claim(a), claim(b)) ? -1 : 1,
);

describe("Rivals", () => {
  it.each([
    { own: STRONG, rival: WEAK, after: "defend" },
    { own: WEAK, rival: STRONG, after: "yield" },
  ] as const)(
    "tells a rival its claim for 300 ms, and then $after: both come to the same",
    ({ after, own, rival }) => {
      const rivals = new Rivals(memberAmong("n1", [record("n2"), record("n3")]));
      expect([0, 299, 300].map((now) => rivals.heard(claim(own), rival, now))).toEqual([
        "tell",
        "tell",
        after,
      ]);
    },
  );

  it("defends once a second, for the rival may do the same", () => {
    const rivals = new Rivals(memberAmong("n1", [record("n2"), record("n3")]));
    const heard = [0, 300, 310, 1_299, 1_300].map((now) => rivals.heard(claim(STRONG), WEAK, now));
    expect(heard).toEqual(["tell", "defend", "tell", "tell", "defend"]);
  });

  it("defends against one that is dead, and yields to anybody while this node is deaf", () => {
    const dead = new Rivals({ seen: { isDeaf: false }, stateOf: () => MemberState.dead });
    expect([0, 300].map((now) => dead.heard(claim(WEAK), STRONG, now))).toEqual(["tell", "defend"]);
    const deaf = new Rivals({ seen: { isDeaf: true }, stateOf: () => MemberState.alive });
    expect(deaf.heard(claim(STRONG), WEAK, 0)).toBe("yield");
  });

  it("asks a rival once, after 300 ms, whether it still tells so", () => {
    const rivals = new Rivals(memberAmong("n1", [record("n2"), record("n3")]));
    rivals.heard(claim("n1"), "n2", 0);
    expect([10, 300, 310].map((now) => rivals.step(GROUP, now))).toEqual([
      { lookAt: 300 },
      { ask: "n2", lookAt: Number.POSITIVE_INFINITY },
      { lookAt: Number.POSITIVE_INFINITY },
    ]);
  });

  it("asks the strongest of several", () => {
    const rivals = new Rivals(memberAmong("n1", [record("n2"), record("n3")]));
    for (const node of [WEAK, STRONG, WEAK]) {
      rivals.heard(claim("n9"), node, 0);
    }
    expect(rivals.step(GROUP, 300).ask).toBe(STRONG);
  });

  it.each([
    { what: "was silent for ten seconds", act: () => undefined, at: 10_001 },
    { what: "was done with", act: (rivals: Rivals) => rivals.end(GROUP), at: 301 },
  ])("begins anew with one that $what", ({ act, at }) => {
    const rivals = new Rivals(memberAmong("n1", [record("n2"), record("n3")]));
    rivals.heard(claim(WEAK), STRONG, 0);
    act(rivals);
    expect(rivals.heard(claim(WEAK), STRONG, at)).toBe("tell");
  });

  it("has nobody to ask where there is no rival", () => {
    expect(new Rivals(memberAmong("n1", [record("n2"), record("n3")])).step(GROUP, 0)).toEqual({
      lookAt: Number.POSITIVE_INFINITY,
    });
  });
});
