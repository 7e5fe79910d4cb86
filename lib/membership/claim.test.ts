import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Claim, hashOfClaim, isNewerClaim } from "./claim.ts";

const GROUP = "192.0.2.1";

function claim(epoch: number, owner: string | undefined): Claim {
  return { group: GROUP, epoch, owner };
}

describe("isNewerClaim", () => {
  it.each([
    { what: "any claim, where none is known", one: claim(1, "n1"), other: undefined, is: true },
    { what: "a higher epoch", one: claim(2, "n1"), other: claim(1, "n2"), is: true },
    { what: "a higher epoch of nobody", one: claim(2, undefined), other: claim(1, "n2"), is: true },
    { what: "a lower epoch", one: claim(1, "n1"), other: claim(2, undefined), is: false },
    { what: "the same claim", one: claim(1, "n1"), other: claim(1, "n1"), is: false },
    {
      what: "an owner beside nobody in one epoch",
      one: claim(1, "n1"),
      other: claim(1, undefined),
      is: true,
    },
    {
      what: "nobody beside an owner in one epoch",
      one: claim(1, undefined),
      other: claim(1, "n1"),
      is: false,
    },
    {
      what: "the epoch after the last number",
      one: claim(1, "n1"),
      other: claim(2 ** 32 - 1, "n2"),
      is: true,
    },
  ])("says $is of $what", ({ one, other, is }) => {
    expect(isNewerClaim(one, other)).toBe(is);
  });

  it("puts one of two different claims before the other, so that all agree", () => {
    const any = fc.record({
      group: fc.constant(GROUP),
      epoch: fc.integer({ min: 1, max: 3 }),
      owner: fc.constantFrom("n1", "n2", "n3", undefined),
    });
    fc.assert(
      fc.property(any, any, (one, other) => {
        const isSame = one.epoch === other.epoch && one.owner === other.owner;
        expect(isNewerClaim(one, other)).toBe(!isSame && !isNewerClaim(other, one));
      }),
    );
  });
});

describe("hashOfClaim", () => {
  it("differs by group, epoch and owner", () => {
    const claims = [
      claim(1, "n1"),
      claim(2, "n1"),
      claim(1, "n2"),
      { ...claim(1, "n1"), group: "192.0.2.2" },
    ];
    expect(new Set(claims.map(hashOfClaim)).size).toBe(claims.length);
  });

  it("is 0 for a group that nobody has, which need not be known", () => {
    expect(hashOfClaim(claim(7, undefined))).toBe(0);
  });
});
