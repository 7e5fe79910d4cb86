import fc from "fast-check";
import { expect, test } from "vitest";
import { Membership } from "#lib/membership/membership.ts";
import type { Heartbeat } from "#lib/wire/heartbeat.ts";
import { HeartbeatNumbers } from "./heartbeat-numbers.ts";

test("counts up within a second of the wall clock, then takes the clock again", () => {
  let now = 50_000.25;
  const numbers = new HeartbeatNumbers(() => now);
  expect(numbers.next()).toEqual({ incarnation: 50_000n, sequence: 1 });
  now += 999;
  expect(numbers.next()).toEqual({ incarnation: 50_000n, sequence: 2 });
  now += 1;
  expect(numbers.next()).toEqual({ incarnation: 51_000n, sequence: 1 });
});

test("always grow, whatever is done to the clock", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), (instants) => {
      let now = 0;
      const numbers = new HeartbeatNumbers(() => now);
      let last = { incarnation: -1n, sequence: 0 };
      for (const instant of instants) {
        now = instant;
        const next = numbers.next();
        const isNewer =
          next.incarnation > last.incarnation ||
          (next.incarnation === last.incarnation && next.sequence > last.sequence);
        expect(isNewer).toBe(true);
        last = next;
      }
    }),
  );
});

test.each([
  ["is corrected while it runs", 40_000, 90_000],
  ["has caught up by itself", 49_000, 51_000],
])(
  "a speaker that started with its clock set back is heard when the clock %s",
  (_, back, right) => {
    const heartbeat = (numbers: HeartbeatNumbers): Heartbeat => ({
      sender: "n2",
      ...numbers.next(),
      leaving: false,
      macs: [],
      subnets: [],
    });
    const membership = new Membership("n1", ["n2"], 0);
    membership.heard(heartbeat(new HeartbeatNumbers(() => 50_000)), 0);
    let now = back;
    const restarted = new HeartbeatNumbers(() => now);
    expect(membership.heard(heartbeat(restarted), 500)).toBe("old-incarnation");
    membership.tick(1_000);

    now = right;
    expect(membership.heard(heartbeat(restarted), 2_000)).toMatchObject([{ kind: "joined" }]);
  },
);
