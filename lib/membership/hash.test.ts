import { describe, expect, it } from "vitest";
import { hashNumber, hashText } from "./hash.ts";

describe("hashText", () => {
  // computed apart: members of different versions have to agree
  it.each([
    ["", 2_872_998_923],
    ["n1", 2_855_225_089],
    ["2001:db8::1", 3_849_813_818],
  ])("gives %j the number that every member gives it", (text, expected) => {
    expect(hashText(text)).toBe(expected);
  });

  it("spreads names that differ in their last letter", () => {
    const buckets = new Set(
      Array.from({ length: 64 }, (_, index) => hashText(`node-${index}`) % 64),
    );
    expect(buckets.size).toBeGreaterThan(32);
  });

  it("goes on from what came before", () => {
    expect(hashText("b", hashText("a"))).not.toBe(hashText("a", hashText("b")));
  });
});

describe("hashNumber", () => {
  it("gives the number that every member gives", () => {
    expect(hashNumber(7, hashText("n1"))).toBe(4_051_621_572);
  });

  it("tells numbers apart that differ in one bit", () => {
    const seed = hashText("n1");
    expect(hashNumber(1, seed)).not.toBe(hashNumber(2 ** 31 + 1, seed));
  });
});
