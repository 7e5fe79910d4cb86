import { describe, expect, it } from "vitest";
import type { Claim } from "./claim.ts";
import { MemberState } from "./member-record.ts";
import { RecordTable } from "./record-table.ts";
import { record } from "./testing/member-among.ts";

const CLAIM: Claim = { group: "192.0.2.1", epoch: 1, owner: "n1" };

describe("RecordTable", () => {
  it("has the same hashes as another that learned the same in another order", () => {
    const one = new RecordTable();
    const other = new RecordTable();
    one.putMember(record("n1"));
    one.putMember(record("n2", { incarnation: 3 }));
    one.putClaim(CLAIM);
    other.putClaim({ ...CLAIM, owner: "n2", epoch: 1 });
    other.putClaim({ ...CLAIM, epoch: 2 });
    other.putMember(record("n2"));
    one.putClaim({ ...CLAIM, epoch: 2 });
    other.putMember(record("n2", { incarnation: 3 }));
    other.putMember(record("n1"));
    expect(other.hash).toBe(one.hash);
    expect(other.buckets).toEqual(one.buckets);
    expect(one.hash).not.toBe(new RecordTable().hash);
  });

  it("takes what is newer, and says whether it did", () => {
    const table = new RecordTable();
    expect(table.putMember(record("n1"))).toBe(true);
    expect(table.putMember(record("n1"))).toBe(false);
    expect(table.putMember(record("n1", { state: MemberState.dead }))).toBe(true);
    expect(table.putClaim(CLAIM)).toBe(true);
    expect(table.putClaim(CLAIM)).toBe(false);
    expect(table.putClaim({ ...CLAIM, epoch: 2, owner: undefined })).toBe(true);
  });

  it("knows what each node owns", () => {
    const table = new RecordTable();
    table.putClaim(CLAIM);
    table.putClaim({ ...CLAIM, group: "192.0.2.2" });
    table.putClaim({ ...CLAIM, epoch: 2, owner: "n2" });
    expect([...table.ownedBy("n1")]).toEqual(["192.0.2.2"]);
    expect([...table.ownedBy("n2")]).toEqual(["192.0.2.1"]);
    table.forgetClaim("192.0.2.2");
    expect([...table.ownedBy("n1")]).toEqual([]);
  });

  it("has the hashes of one that never knew what it has forgotten", () => {
    const table = new RecordTable();
    table.putMember(record("n1"));
    table.putClaim(CLAIM);
    table.forgetMember("n1");
    table.forgetClaim(CLAIM.group);
    expect(table.hash).toBe(0);
    expect(table.buckets.every((hash) => hash === 0)).toBe(true);
    expect([...table.members, ...table.claims]).toEqual([]);
  });

  it("gives of what differs only the buckets that do", () => {
    const table = new RecordTable();
    const other = new RecordTable();
    for (const each of [table, other]) {
      each.putMember(record("n1"));
      each.putClaim(CLAIM);
    }
    table.putMember(record("n2"));
    expect(table.differing(other.buckets)).toEqual({ members: [record("n2")], claims: [] });
  });

  it("does not learn that nobody has a group of which it has never heard", () => {
    const table = new RecordTable();
    expect(table.putClaim({ ...CLAIM, owner: undefined })).toBe(false);
  });

  it("takes no more than 10,000 members, but what is new of them", () => {
    const table = new RecordTable();
    for (let count = 0; count < 10_000; count++) {
      table.putMember(record(`n${count}`));
    }
    expect(table.putMember(record("another"))).toBe(false);
    expect(table.putMember(record("n7", { incarnation: 2 }))).toBe(true);
  });

  it("takes no more than 100,000 claims, but what is new of them", () => {
    const table = new RecordTable();
    for (let count = 0; count < 100_000; count++) {
      table.putClaim({ ...CLAIM, group: `2001:db8::${count}` });
    }
    expect(table.putClaim({ ...CLAIM, group: "192.0.2.9" })).toBe(false);
    expect(table.putClaim({ ...CLAIM, group: "2001:db8::7", epoch: 2 })).toBe(true);
  });
});
