import { describe, expect, it } from "vitest";
import { hashOfRecord, isNewerRecord, MemberState } from "./member-record.ts";
import { record } from "./testing/member-among.ts";

const { alive, dead, speakerDown, restarting } = MemberState;
const DRAINING = { macs: [], subnets: [], isDraining: true, isImpaired: false };

describe("isNewerRecord", () => {
  it.each([
    { what: "anything, where nothing is known", one: record("n1"), other: undefined, is: true },
    {
      what: "a later life",
      one: record("n1", { incarnation: 2 }),
      other: record("n1", { state: dead }),
      is: true,
    },
    {
      what: "an earlier life",
      one: record("n1", { state: dead }),
      other: record("n1", { incarnation: 2 }),
      is: false,
    },
    {
      what: "a worse state of the same life",
      one: record("n1", { state: dead }),
      other: record("n1", { state: speakerDown }),
      is: true,
    },
    {
      what: "a better state of the same life",
      one: record("n1", { state: alive }),
      other: record("n1", { state: restarting }),
      is: false,
    },
    { what: "the same", one: record("n1"), other: record("n1"), is: false },
    {
      what: "another life with the same number, by what it says",
      one: record("n1", { info: DRAINING }),
      other: record("n1"),
      is: true,
    },
    {
      what: "that one the other way round",
      one: record("n1"),
      other: record("n1", { info: DRAINING }),
      is: false,
    },
    {
      what: "the life after the last number",
      one: record("n1"),
      other: record("n1", { incarnation: 2 ** 32 - 1 }),
      is: true,
    },
  ])("says $is of $what", ({ one, other, is }) => {
    expect(isNewerRecord(one, other)).toBe(is);
  });
});

describe("hashOfRecord", () => {
  it("differs by name, life, state and what the member says", () => {
    const records = [
      record("n1"),
      record("n2"),
      record("n1", { incarnation: 2 }),
      record("n1", { state: restarting }),
      record("n1", { info: DRAINING }),
    ];
    expect(new Set(records.map(hashOfRecord)).size).toBe(records.length);
  });

  it("is 0 for the dead, who need not be known", () => {
    expect(hashOfRecord(record("n1", { state: dead }))).toBe(0);
  });
});
