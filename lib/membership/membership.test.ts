import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Heartbeat } from "#lib/wire/heartbeat.ts";
import {
  DEAD_AFTER_MS,
  HEARTBEAT_INTERVAL_MS,
  type MemberChange,
  Membership,
} from "./membership.ts";

const START = 50_000;

function heartbeat(sender: string, sequence: number, more: Partial<Heartbeat> = {}): Heartbeat {
  return { sender, incarnation: 1n, sequence, leaving: false, macs: [], subnets: [], ...more };
}

/** Three nodes, this one is n1, and the others were heard once. */
function threeNodes(): Membership {
  const membership = new Membership("n1", ["n1", "n2", "n3"], START);
  membership.heard(heartbeat("n2", 1), START);
  membership.heard(heartbeat("n3", 1), START);
  return membership;
}

describe("a member that falls silent", () => {
  test("is dead after five missed heartbeats, and not before", () => {
    const membership = threeNodes();
    membership.heard(heartbeat("n3", 2), START + HEARTBEAT_INTERVAL_MS);

    expect(DEAD_AFTER_MS).toBe(5 * HEARTBEAT_INTERVAL_MS);
    expect(membership.nextDeadline).toBe(START + 1_000);
    expect(membership.tick(START + 999)).toEqual([]);
    expect(membership.tick(START + 1_004)).toEqual([
      {
        kind: "died",
        name: "n2",
        because: "n2 is dead: no heartbeat for 1,000 ms",
        silentMs: 1_004,
      },
    ]);
    expect(membership.alive()).toEqual(new Set(["n1", "n3"]));
  });

  test("dies once", () => {
    const membership = threeNodes();
    membership.tick(START + 1_000);
    expect(membership.tick(START + 2_000)).toEqual([]);
  });

  test("is back with its next heartbeat", () => {
    const membership = threeNodes();
    membership.tick(START + 1_000);

    expect(membership.heard(heartbeat("n2", 2), START + 1_100)).toEqual([
      { kind: "joined", name: "n2", because: "n2 is back" },
    ]);
    expect(membership.heard(heartbeat("n2", 3), START + 1_300)).toEqual([]);
  });
});

describe("a speaker that starts", () => {
  test("presumes its listed members alive for one silence", () => {
    const membership = new Membership("n1", ["n1", "n2"], START);

    expect(membership.alive()).toEqual(new Set(["n1", "n2"]));
    expect(membership.tick(START + 999)).toEqual([]);
    expect(membership.tick(START + 1_000)).toEqual([
      { kind: "died", name: "n2", because: "n2 is dead: no heartbeat in the first 1,000 ms" },
    ]);
  });

  test("reports nothing when a presumed member is heard", () => {
    const membership = new Membership("n1", ["n2"], START);
    expect(membership.heard(heartbeat("n2", 7), START + 30)).toEqual([]);
    expect(membership.nextDeadline).toBe(START + 1_030);
  });

  test("is alive, alone and with nothing to wait for, when it is the only node", () => {
    const membership = new Membership("n1", [], START);
    expect(membership.alive()).toEqual(new Set(["n1"]));
    expect(membership.nextDeadline).toBeUndefined();
    expect(membership.tick(START + 60_000)).toEqual([]);
  });
});

describe("a member that leaves", () => {
  test("has left at once", () => {
    const membership = threeNodes();
    const goodbye = heartbeat("n2", 2, { leaving: true });

    expect(membership.heard(goodbye, START + 10)).toEqual([
      { kind: "left", name: "n2", because: "n2 left: its speaker was stopped" },
    ]);
    expect(membership.heard(heartbeat("n2", 3, { leaving: true }), START + 20)).toEqual([]);
    expect(membership.alive()).toEqual(new Set(["n1", "n3"]));
  });

  test("is not called back by a heartbeat that its goodbye overtook", () => {
    const membership = threeNodes();
    membership.heard(heartbeat("n2", 3, { leaving: true }), START + 10);
    expect(membership.heard(heartbeat("n2", 2), START + 11)).toBe("old-sequence");
    expect(membership.alive().has("n2")).toBe(false);
  });

  test("is back when its next speaker starts", () => {
    const membership = threeNodes();
    membership.heard(heartbeat("n2", 9, { leaving: true }), START + 10);
    expect(membership.heard(heartbeat("n2", 1, { incarnation: 2n }), START + 500)).toEqual([
      { kind: "joined", name: "n2", because: "n2 is back" },
    ]);
  });
});

describe("the list of nodes", () => {
  test("keeps a new node dead until it is first heard", () => {
    const membership = threeNodes();

    expect(membership.setMembers(["n1", "n2", "n3", "n4"])).toEqual([]);
    expect(membership.alive().has("n4")).toBe(false);
    expect(membership.heard(heartbeat("n4", 1), START + 700)).toEqual([
      { kind: "joined", name: "n4", because: "n4 joined" },
    ]);
  });

  test("makes a deleted node leave", () => {
    const membership = threeNodes();
    expect(membership.setMembers(["n1", "n3"])).toEqual([
      { kind: "left", name: "n2", because: "n2 left: its Node was deleted" },
    ]);
    expect(membership.setMembers(["n1", "n3"])).toEqual([]);
  });

  test("never removes this node", () => {
    const membership = threeNodes();
    membership.setMembers([]);
    expect(membership.alive()).toEqual(new Set(["n1"]));
  });
});

describe("a heartbeat that must not count", () => {
  test.each([
    ["carries this node's own name", heartbeat("n1", 9), "own-name"],
    ["comes from no member", heartbeat("n9", 1), "not-a-member"],
    ["is of an older incarnation", heartbeat("n2", 9, { incarnation: 4n }), "old-incarnation"],
    ["was heard before", heartbeat("n2", 3, { incarnation: 5n }), "old-sequence"],
    ["is an old goodbye", heartbeat("n2", 2, { incarnation: 5n, leaving: true }), "old-sequence"],
  ] as const)(
    "because it %s is ignored and counted, and the reason told",
    (_, replayed, reason) => {
      const membership = threeNodes();
      membership.heard(heartbeat("n2", 3, { incarnation: 5n }), START);

      expect(membership.heard(replayed, START + 600)).toBe(reason);
      expect(membership.ignored[reason]).toBe(1);
      expect(membership.nextDeadline).toBe(START + 1_000);
      expect(membership.alive()).toEqual(new Set(["n1", "n2", "n3"]));
    },
  );
});

const NAMES = ["n1", "n2", "n3", "n4"];

function changesOf(heard: ReturnType<Membership["heard"]>): readonly MemberChange[] {
  return typeof heard === "string" ? [] : heard;
}

/** What may happen to a speaker; `after` is the time since the event before, in milliseconds. */
const anyEvent = fc.record({
  after: fc.integer({ min: 0, max: 700 }),
  event: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("heard" as const),
        sender: fc.constantFrom("n1", "n2", "n3", "n4", "n5"),
        incarnation: fc.bigInt({ min: 0n, max: 3n }),
        sequence: fc.integer({ min: 0, max: 20 }),
        leaving: fc.boolean(),
        macs: fc.constant([]),
        subnets: fc.constant([]),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("members" as const),
        names: fc.subarray(NAMES),
      }),
    },
  ),
});

/** The same rules, written as a list of facts instead of a state. */
class Model {
  members = new Set(["n2", "n3"]);
  readonly last = new Map<string, { rank: [bigint, number]; at: number; leaving: boolean }>([
    ["n2", { rank: [-1n, 0], at: START, leaving: false }],
    ["n3", { rank: [-1n, 0], at: START, leaving: false }],
  ]);

  heard({ sender, incarnation, sequence, leaving }: Heartbeat, at: number): void {
    const before = this.last.get(sender)?.rank ?? [-1n, 0];
    const isNew = incarnation > before[0] || (incarnation === before[0] && sequence > before[1]);
    if (this.members.has(sender) && isNew) {
      this.last.set(sender, { rank: [incarnation, sequence], at, leaving });
    }
  }

  setMembers(names: readonly string[]): void {
    this.members = new Set(names.filter((name) => name !== "n1"));
    for (const name of this.last.keys()) {
      if (!this.members.has(name)) {
        this.last.delete(name);
      }
    }
  }

  alive(now: number): ReadonlySet<string> {
    const living = [...this.last].filter(([, { at, leaving }]) => !leaving && now - at < 1_000);
    return new Set(["n1", ...living.map(([name]) => name)]);
  }
}

describe("after any sequence of events", () => {
  test("the living are those whose newest heartbeat is young and no goodbye, and every change was told", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const membership = new Membership("n1", ["n1", "n2", "n3"], START);
        const model = new Model();
        const told = new Set(["n1", "n2", "n3"]);
        let now = START;
        for (const { after, event } of events) {
          now += after;
          const changes = [...membership.tick(now)];
          if (event.kind === "heard") {
            model.heard(event, now);
            changes.push(...changesOf(membership.heard(event, now)));
          } else {
            model.setMembers(event.names);
            changes.push(...membership.setMembers(event.names));
          }
          for (const { kind, name } of changes) {
            kind === "joined" ? told.add(name) : told.delete(name);
          }
          expect(membership.alive()).toEqual(model.alive(now));
          expect(membership.alive()).toEqual(told);
          expect(NAMES.filter((name) => membership.isAlive(name))).toEqual(
            NAMES.filter((name) => told.has(name)),
          );
        }
      }),
    );
  });

  test("the next deadline is when the next member dies of silence", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
        const membership = new Membership("n1", ["n1", "n2", "n3"], START);
        let now = START;
        for (const { after, event } of events) {
          now += after;
          membership.tick(now);
          event.kind === "heard"
            ? membership.heard(event, now)
            : membership.setMembers(event.names);
        }
        const deadline = membership.nextDeadline;
        if (deadline === undefined) {
          expect(membership.alive()).toEqual(new Set(["n1"]));
        } else {
          expect(membership.tick(deadline - 1)).toEqual([]);
          expect(membership.tick(deadline).length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
