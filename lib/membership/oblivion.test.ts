import { describe, expect, it } from "vitest";
import { MemberState } from "./member-record.ts";
import { Neighbourhood } from "./neighbourhood.ts";
import { Oblivion } from "./oblivion.ts";
import { profileOf } from "./profile.ts";
import { RecordTable } from "./record-table.ts";
import { record } from "./testing/member-among.ts";

const HOUR_MS = 3_600_000;

/**
 * Looks every minute, as n1, until then; n2 is in the list, n3 has left it, x1 was never in it.
 *
 * @param state undefined: nobody ever heard of it
 */
function sweepUntil(end: number, node: string, state?: MemberState) {
  const table = new RecordTable();
  const neighbourhood = new Neighbourhood("n1", profileOf("balanced"), () => false);
  neighbourhood.setNodes(["n2", "n3"], 0);
  neighbourhood.setNodes(["n2"], 0);
  if (state !== undefined) {
    table.putMember(record(node, { state }));
  }
  const told: string[] = [];
  const oblivion = new Oblivion(table, neighbourhood, {
    gone: (who, { because }) => told.push(`${who} is gone: ${because}`),
    forgotten: (who) => told.push(`${who} is forgotten`),
  });
  for (let now = 0; now <= end; now = oblivion.nextDeadline) {
    oblivion.tick(now);
  }
  return {
    told: told.filter((line) => line.startsWith(node)),
    isFormer: neighbourhood.isFormer("n3"),
    isKnown: table.member(node) !== undefined,
  };
}

describe("Oblivion", () => {
  it.each([
    {
      what: "a dead node that is in the list",
      node: "n2",
      state: MemberState.dead,
      forMs: 2 * HOUR_MS,
    },
    { what: "a living one that left it", node: "n3", state: MemberState.alive, forMs: 2 * HOUR_MS },
    {
      what: "a dead one that left it, within the hour",
      node: "n3",
      state: MemberState.dead,
      forMs: HOUR_MS - 1,
    },
    {
      what: "one that is newer than the list",
      node: "x1",
      state: MemberState.alive,
      forMs: 2 * HOUR_MS,
    },
    {
      what: "one that is newer than the list and restarts",
      node: "x1",
      state: MemberState.restarting,
      forMs: 2 * HOUR_MS,
    },
  ])("leaves alone $what", ({ node, state, forMs }) => {
    expect(sweepUntil(forMs, node, state)).toMatchObject({ told: [], isKnown: true });
  });

  it.each(["n3", "x1"])("forgets %s, dead and not in the list, after an hour", (node) => {
    const { isKnown, told } = sweepUntil(HOUR_MS, node, MemberState.dead);
    expect(isKnown).toBe(false);
    expect(told).toEqual([`${node} is forgotten`]);
  });

  it("forgets one that left the list and of which nobody ever heard, after an hour", () => {
    expect(sweepUntil(HOUR_MS - 1, "n3")).toMatchObject({ told: [], isFormer: true });
    expect(sweepUntil(HOUR_MS, "n3")).toMatchObject({
      told: ["n3 is forgotten"],
      isFormer: false,
    });
  });

  it.each([MemberState.restarting, MemberState.speakerDown])(
    "gives up a node that left the list and whose speaker is down, in state %i",
    (state) => {
      expect(sweepUntil(60_000, "n3", state).told).toEqual([
        "n3 is gone: n3 left the cluster, and its speaker is down",
      ]);
    },
  );
});
