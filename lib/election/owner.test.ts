import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MemberChange, Membership } from "#lib/membership/membership.ts";
import { ownerChanges } from "./owner.ts";

const WEB = "default/web";

function change(
  owner: string | undefined,
  order: readonly string[],
  alive: readonly string[],
  members: readonly MemberChange[] = [],
) {
  const owners = new Map(owner === undefined ? [] : [[WEB, owner]]);
  return ownerChanges([{ service: WEB, order }], owners, new Set(alive), members);
}

describe("the owner of a Service", () => {
  test("is the first in its order that is alive", () => {
    expect(change(undefined, ["n2", "n1"], ["n1", "n2"])).toEqual([
      {
        service: WEB,
        from: undefined,
        to: "n2",
        because: "n2 is the first eligible node that is alive",
      },
    ]);
    expect(change("n2", ["n2", "n1"], ["n1", "n2"])).toEqual([]);
  });

  test("gives way to the next when it dies, with the cause and the time that it took", () => {
    const because = "n2 is dead: no heartbeat for 1,000 ms";
    const death: MemberChange = { kind: "died", name: "n2", because, silentMs: 1_003 };

    expect(change("n2", ["n2", "n1"], ["n1"], [death])).toEqual([
      { service: WEB, from: "n2", to: "n1", because, afterMs: 1_003 },
    ]);
  });

  test("takes its address again when it is back", () => {
    const because = "n2 is back";
    const back: MemberChange = { kind: "joined", name: "n2", because };

    expect(change("n1", ["n2", "n1"], ["n1", "n2"], [back])).toEqual([
      { service: WEB, from: "n1", to: "n2", because },
    ]);
  });

  test.each([
    ["n1", ["n2", "n1"], ["n1", "n2"], "n2 now comes before n1"],
    ["n1", ["n2"], ["n1", "n2"], "n1 is no longer eligible"],
    ["n1", [], ["n1", "n2"], "no node is eligible"],
    ["n1", ["n3"], ["n1", "n2"], "no eligible node is alive"],
  ])("changes from %s with the order to %j, alive %j: %s", (owner, order, alive, because) => {
    expect(change(owner, order, alive)).toMatchObject([{ from: owner, because }]);
  });
});

test("speakers that hold the same tables and members name one owner a Service, however they came to them", () => {
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const anyOrder = fc.shuffledSubarray(names);
  const anyAlive = fc.subarray(names);
  fc.assert(
    fc.property(
      anyOrder,
      anyAlive,
      fc.array(fc.tuple(anyOrder, anyAlive)),
      (order, alive, past) => {
        const owners = new Map<string, string>();
        for (const [pastOrder, pastAlive] of [...past, [order, alive] as const]) {
          for (const { to } of change(owners.get(WEB), pastOrder, pastAlive)) {
            to === undefined ? owners.delete(WEB) : owners.set(WEB, to);
          }
        }
        expect(owners.get(WEB)).toBe(order.find((name) => alive.includes(name)));
      },
    ),
  );
});

test("an address moves within two seconds of the death of its owner", () => {
  const membership = new Membership("n1", ["n1", "n2"], 0);
  membership.heard({ sender: "n2", incarnation: 1n, sequence: 1, leaving: false, macs: [] }, 800);
  const deaths = membership.tick(membership.nextDeadline ?? Number.NaN);

  expect(change("n2", ["n2", "n1"], [...membership.alive()], deaths)).toMatchObject([
    { from: "n2", to: "n1", afterMs: 1_000 },
  ]);
});
