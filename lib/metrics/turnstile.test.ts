import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { Turnstile } from "./turnstile.ts";

let clock: FakeClock;
let turnstile: Turnstile;
/** What became of whom, and when. */
let story: string[];

beforeEach(() => {
  clock = new FakeClock();
  turnstile = new Turnstile({ clock, everyMs: 100, burst: 2, maxWaiting: 3 });
  story = [];
});

function come(...names: string[]): AbortController {
  const gone = new AbortController();
  for (const name of names) {
    void turnstile.pass(gone.signal).then((mayPass) => {
      story.push(`${name} ${mayPass ? "passes" : "leaves"} at ${clock.now()}`);
    });
  }
  return gone;
}

test("lets a few pass at once, and then one at a time, in the order in which they came", async () => {
  come("a", "b", "c", "d");
  await clock.advance(1000);
  expect(story).toEqual(["a passes at 0", "b passes at 0", "c passes at 100", "d passes at 200"]);
});

test("lets as few pass at once after a long pause as after a short one", async () => {
  await clock.advance(60_000);
  come("a", "b", "c");
  await clock.advance(200);
  expect(story.at(-1)).toBe("c passes at 60100");
  await clock.advance(60_000);
  come("d", "e", "f");
  await clock.advance(0);
  expect(story.slice(3)).toEqual(["d passes at 120200", "e passes at 120200"]);
});

test("has no turn for who comes when too many wait", async () => {
  come("a", "b", "c", "d", "e", "f");
  await clock.advance(0);
  expect(story).toContain("f leaves at 0");
  await clock.advance(1000);
  expect(story.at(-1)).toBe("e passes at 300");
});

test("spends no turn on who has gone, and gives the place to another", async () => {
  come("a", "b");
  const gone = come("c", "d", "e");
  gone.abort();
  come("f");
  await clock.advance(1000);
  expect(story).toEqual([
    "a passes at 0",
    "b passes at 0",
    "c leaves at 0",
    "d leaves at 0",
    "e leaves at 0",
    "f passes at 100",
  ]);
});

test("has no turn for who had gone before", async () => {
  expect(await turnstile.pass(AbortSignal.abort())).toBe(false);
});
