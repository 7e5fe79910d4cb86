import { expect, test } from "vitest";
import { FakeClock } from "./testing/fake-clock.ts";
import { Watchdog } from "./watchdog.ts";

test("aborts after a silence as long as the limit", async () => {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock, 1000);
  await clock.advance(999);
  expect(watchdog.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(watchdog.expired).toBe(true);
  expect(watchdog.signal.reason).toEqual(new Error("nothing heard for 1000 ms"));
});

test("counts from what was heard last, or from the instant given", async () => {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock, 1000);
  await clock.advance(900);
  watchdog.heard();
  await clock.advance(900);
  expect(watchdog.signal.aborted).toBe(false);
  watchdog.heard(clock.now() - 500);
  await clock.advance(500);
  expect(watchdog.expired).toBe(true);
});

test("may be given another limit", async () => {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock, 1000);
  await clock.advance(900);
  watchdog.allow(3000);
  await clock.advance(2999);
  expect(watchdog.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(watchdog.expired).toBe(true);
});

test.each(["before", "after"])("aborts with a parent that aborts %s it begins", (when) => {
  const parent = new AbortController();
  const reason = new Error("the end");
  if (when === "before") {
    parent.abort(reason);
  }
  const watchdog = new Watchdog(new FakeClock(), 1000, parent.signal);
  parent.abort(reason);
  expect(watchdog.signal.reason).toBe(reason);
  expect(watchdog.expired).toBe(false);
});

test("is quiet once disposed of", async () => {
  const clock = new FakeClock();
  const parent = new AbortController();
  const watchdog = new Watchdog(clock, 1000, parent.signal);
  watchdog[Symbol.dispose]();
  expect(clock.sleeping).toEqual([]);
  parent.abort();
  await clock.advance(2000);
  expect(watchdog.signal.aborted).toBe(false);
});
