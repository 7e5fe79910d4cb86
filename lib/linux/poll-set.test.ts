import { afterEach, beforeEach, expect, test } from "vitest";
import { Eventfd } from "./eventfd.ts";
import { PollSet } from "./poll-set.ts";

let first: Eventfd;
let second: Eventfd;
let poll: PollSet;
let called: string[];

beforeEach(() => {
  first = Eventfd.create();
  second = Eventfd.create();
  poll = new PollSet();
  called = [];
  poll.watch(first.descriptor, () => called.push("first"));
  poll.watch(second.descriptor, () => called.push("second"));
});

afterEach(() => {
  first.close();
  second.close();
});

test("calls those that have something, and no other", () => {
  second.signal();
  poll.wait(1_000);
  expect(called).toEqual(["second"]);
});

test("calls nobody when the time is over", () => {
  poll.wait(1);
  expect(called).toEqual([]);
});

test("calls again until the descriptor is drained", () => {
  first.signal();
  first.signal();
  poll.wait(1_000);
  poll.wait(1_000);
  first.drain();
  poll.wait(0);
  expect(called).toEqual(["first", "first"]);
});

test("forgets a descriptor, also when another handler forgets it in the same turn", () => {
  poll.watch(first.descriptor, () => {
    called.push("first");
    poll.unwatch(second.descriptor);
  });
  first.signal();
  second.signal();
  poll.wait(1_000);
  expect(called).toEqual(["first"]);
});

test("drains an eventfd that nobody signalled without waiting", () => {
  first.drain();
  poll.wait(0);
  expect(called).toEqual([]);
});
