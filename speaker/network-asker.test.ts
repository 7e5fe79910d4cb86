import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { NetworkAsker } from "./network-asker.ts";

let clock: FakeClock;
let asked: number[];
let asker: NetworkAsker<string>;

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  asker = new NetworkAsker((id) => asked.push(id), clock);
});

test("gives what the network thread says", async () => {
  const answer = asker.answer();
  expect(asked).toEqual([1]);
  asker.hear(1, "three");
  expect(await answer).toBe("three");
  expect(clock.sleeping).toEqual([]);
});

test("asks once for all who want to know at the same time, and anew after that", async () => {
  const first = asker.answer();
  const second = asker.answer();
  asker.hear(1, "three");
  expect(await Promise.all([first, second])).toEqual(["three", "three"]);
  const third = asker.answer();
  expect(asked).toEqual([1, 2]);
  asker.hear(2, "four");
  expect(await third).toBe("four");
});

test("gives nothing when there is no answer within a second", async () => {
  const answer = asker.answer();
  await clock.advance(999);
  expect(clock.sleeping).toEqual([1]);
  await clock.advance(1);
  expect(await answer).toBeUndefined();
});

test("does not take the late answer to one question for the answer to the next", async () => {
  const first = asker.answer();
  await clock.advance(1000);
  await first;
  asker.hear(1, "one");
  const second = asker.answer();
  asker.hear(1, "one");
  asker.hear(2, "two");
  expect(await second).toBe("two");
});
