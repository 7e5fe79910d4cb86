import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import type { NetworkCounts, ToNetwork } from "#speaker/network/messages.ts";
import { CountAsker } from "./count-asker.ts";

let clock: FakeClock;
let sent: ToNetwork[];
let asker: CountAsker;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  asker = new CountAsker((message) => sent.push(message), clock);
});

function countsWith(conflicts: number): NetworkCounts {
  return {
    addresses: [],
    drops: {},
    socketDrops: {},
    conflicts,
    latency: { counts: [], sum: 0 },
  };
}

/** The network thread answers the question with that number. */
function answer(id: number, conflicts: number): void {
  asker.hear({ kind: "counts", id, counts: countsWith(conflicts) });
}

test("gives what the network thread says", async () => {
  const asked = asker.counts();
  expect(sent).toEqual([{ kind: "count", id: 1 }]);
  answer(1, 3);
  expect((await asked)?.conflicts).toBe(3);
  expect(clock.sleeping).toEqual([]);
});

test("asks once for all who want to know at the same time, and anew after that", async () => {
  const first = asker.counts();
  const second = asker.counts();
  answer(1, 3);
  expect(await first).toBe(await second);
  const third = asker.counts();
  expect(sent.map((message) => message.kind === "count" && message.id)).toEqual([1, 2]);
  answer(2, 4);
  expect((await third)?.conflicts).toBe(4);
});

test("gives nothing when there is no answer within a second", async () => {
  const asked = asker.counts();
  await clock.advance(999);
  expect(clock.sleeping).toEqual([1]);
  await clock.advance(1);
  expect(await asked).toBeUndefined();
});

test("does not take the late answer to one question for the answer to the next", async () => {
  const first = asker.counts();
  await clock.advance(1000);
  await first;
  answer(1, 1);
  const second = asker.counts();
  answer(1, 1);
  answer(2, 2);
  expect((await second)?.conflicts).toBe(2);
});
