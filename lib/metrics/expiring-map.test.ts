import { expect, test } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { ExpiringMap } from "./expiring-map.ts";

test("forgets each value when its time is up", async () => {
  const clock = new FakeClock();
  const map = new ExpiringMap<number>({ clock, lifetimeMs: 1000, maxSize: 3 });
  map.set("a", 1);
  await clock.advance(600);
  map.set("b", 2);
  expect([map.get("a"), map.get("b")]).toEqual([1, 2]);
  await clock.advance(400);
  expect([map.get("a"), map.get("b")]).toEqual([undefined, 2]);
});

test("a value that is set again lives from then on", async () => {
  const clock = new FakeClock();
  const map = new ExpiringMap<number>({ clock, lifetimeMs: 1000, maxSize: 3 });
  map.set("a", 1);
  map.set("b", 2);
  await clock.advance(600);
  map.set("a", 3);
  await clock.advance(600);
  expect([map.get("a"), map.get("b")]).toEqual([3, undefined]);
});

test("gives up the oldest for want of room", () => {
  const map = new ExpiringMap<number>({ clock: new FakeClock(), lifetimeMs: 1000, maxSize: 2 });
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([3, undefined, 4]);
});
