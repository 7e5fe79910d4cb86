import { describe, expect, it } from "vitest";
import { RecordTable } from "./record-table.ts";
import { Spreading } from "./spreading.ts";
import { record } from "./testing/member-among.ts";

const OTHERS = ["n2", "n3", "n4", "n5", "n6"];

function spreading(): { readonly table: RecordTable; readonly spreading: Spreading } {
  const table = new RecordTable();
  let drawn = 0;
  const random = () => {
    drawn = (drawn + 0.3) % 1;
    return drawn;
  };
  return { table, spreading: new Spreading(table, random) };
}

describe("Spreading", () => {
  it("tells what is news to three others, three times", () => {
    const { spreading: spread, table } = spreading();
    table.putMember(record("n1"));
    spread.member("n1");
    for (const now of [0, 20, 40]) {
      const sent = spread.tick(now, OTHERS);
      expect(new Set(sent.map(({ to }) => to)).size).toBe(3);
      expect(sent[0]?.message).toEqual({ kind: "records", members: [record("n1")], claims: [] });
    }
    expect(spread.nextDeadline).toBeUndefined();
    expect(spread.tick(60, OTHERS)).toEqual([]);
  });

  it("tells what is known when its turn comes, not what was", () => {
    const { spreading: spread, table } = spreading();
    table.putClaim({ group: "192.0.2.1", epoch: 1, owner: "n1" });
    spread.claim("192.0.2.1");
    table.putClaim({ group: "192.0.2.1", epoch: 2, owner: "n2" });
    const [first] = spread.tick(0, OTHERS);
    expect(first?.message.claims).toEqual([{ group: "192.0.2.1", epoch: 2, owner: "n2" }]);
  });

  it("tells all others where there are three at most", () => {
    const { spreading: spread, table } = spreading();
    table.putMember(record("n1"));
    spread.member("n1");
    expect(spread.tick(0, ["n2", "n3"]).map(({ to }) => to)).toEqual(["n2", "n3"]);
  });

  it("sends some 40 packets a second when much is news, and all of it in the end", () => {
    const { spreading: spread, table } = spreading();
    for (let count = 0; count < 3_000; count++) {
      const group = `2001:db8::${count}`;
      table.putClaim({ group, epoch: 1, owner: "n1" });
      spread.claim(group);
    }
    const told = new Set<string>();
    let packets = 0;
    let now = 0;
    while (spread.nextDeadline !== undefined && now < 60_000) {
      now = Math.max(now, spread.nextDeadline);
      for (const { message } of spread.tick(now, OTHERS)) {
        packets += Math.ceil(message.claims.length / 40);
        for (const { group } of message.claims) {
          told.add(group);
        }
      }
      now += 1;
    }
    expect(told.size).toBe(3_000);
    expect(packets).toBeLessThan(120 + 9 + (40 * now) / 1_000);
  });
});
