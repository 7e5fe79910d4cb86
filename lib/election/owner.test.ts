import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { type MemberChange, Membership } from "#lib/membership/membership.ts";
import { NodeSubnets } from "./node-subnets.ts";
import { ownerChanges } from "./owner.ts";

const WEB = "default/web";
const IP = "203.0.113.9";

function change(
  owner: string | undefined,
  order: readonly string[],
  alive: readonly string[],
  changes: readonly MemberChange[] = [],
) {
  const owners = new Map(owner === undefined ? [] : [[WEB, owner]]);
  const nodes = { alive: new Set(alive), subnets: new NodeSubnets(), changes };
  return ownerChanges([{ service: WEB, ips: [IP], order }], owners, nodes);
}

interface OnSubnet {
  readonly owner: string | undefined;
  /** By node, its subnets. */
  readonly told: Readonly<Record<string, readonly string[]>>;
  readonly alive?: readonly string[];
}

/** Of a Service that only a link with the right subnet may answer for. */
function changeOnSubnet(
  owner: string | undefined,
  alive: readonly string[],
  ips: readonly string[],
  told: OnSubnet["told"],
) {
  const owners = new Map(owner === undefined ? [] : [[WEB, owner]]);
  const subnets = new NodeSubnets();
  for (const [node, texts] of Object.entries(told)) {
    subnets.set(node, texts.map(parseRange));
  }
  const candidates = { service: WEB, ips, order: ["n1", "n2"], onSubnetOnly: true } as const;
  return ownerChanges([candidates], owners, { alive: new Set(alive), subnets, changes: [] });
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

describe("the owner of a Service that only a link with the right subnet may answer for", () => {
  const HERE = "203.0.113.0/24";
  const ELSEWHERE = "198.51.100.0/24";
  const LINK = `link whose subnet holds ${IP}`;

  test.each([
    [
      "the first that has such a link",
      { owner: undefined, told: { n1: [ELSEWHERE], n2: [ELSEWHERE, HERE] } },
      { to: "n2", because: `n2 is the first eligible node that is alive and has a ${LINK}` },
    ],
    [
      "nobody when none has one",
      { owner: "n1", told: { n1: [ELSEWHERE], n2: [] } },
      { to: undefined, because: `no living node has a ${LINK}` },
    ],
    [
      "nobody when none is alive",
      { owner: "n1", told: { n1: [HERE] }, alive: ["n3"] },
      { to: undefined, because: "no eligible node is alive" },
    ],
    [
      "the next when the owner lost its link",
      { owner: "n1", told: { n1: [], n2: [HERE] } },
      { to: "n2", because: `n1 has no ${LINK}` },
    ],
    [
      "the first again when it has its link again",
      { owner: "n2", told: { n1: [HERE], n2: [HERE] } },
      { to: "n1", because: "n1 now comes before n2" },
    ],
    [
      "one that has not told its subnets yet",
      { owner: undefined, told: { n2: [HERE] } },
      { to: "n1", because: `n1 is the first eligible node that is alive and has a ${LINK}` },
    ],
  ])("is %s", (_, { owner, told, alive = ["n1", "n2"] }: OnSubnet, expected) => {
    expect(changeOnSubnet(owner, alive, [IP], told)).toMatchObject([{ from: owner, ...expected }]);
  });

  test("is the same for every Service with its deciding address, whatever others they have", () => {
    const told = { n1: [HERE], n2: [HERE, "2001:db8::/64"] };
    for (const ips of [[IP], [IP, "2001:db8::9"], ["2001:db8::9", IP]]) {
      expect(changeOnSubnet("n1", ["n1", "n2"], ips, told)).toEqual([]);
    }
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
  membership.heard(
    { sender: "n2", incarnation: 1n, sequence: 1, leaving: false, macs: [], subnets: [] },
    800,
  );
  const deaths = membership.tick(membership.nextDeadline ?? Number.NaN);

  expect(change("n2", ["n2", "n1"], [...membership.alive()], deaths)).toMatchObject([
    { from: "n2", to: "n1", afterMs: 1_000 },
  ]);
});
