import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { RecordingLog } from "./testing/recording-log.ts";
import { WorkQueue } from "./work-queue.ts";

let clock: FakeClock;
let log: RecordingLog;
/** `name +` when the work on a key begins, `-` when it ends. */
let story: string[];
let queue: WorkQueue;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLog();
  story = [];
  queue = make(1);
  stop = new AbortController();
  onTestFinished(() => stop.abort());
});

function make(workers: number): WorkQueue {
  const concurrency = () => workers;
  return new WorkQueue({ name: "services", log, concurrency, clock, random: () => 0.5 });
}

/** Lets every piece of work wait until it is told to end. */
function gates(): { handler: (key: string) => Promise<void>; open: (key: string) => void } {
  const waiting = new Map<string, () => void>();
  return {
    handler: async (key) => {
      story.push(`${key} +`);
      await new Promise<void>((resolve) => waiting.set(key, resolve));
      story.push(`${key} -`);
    },
    open: (key) => waiting.get(key)?.(),
  };
}

const failing = (error: Error, times: number) => async (key: string) => {
  story.push(key);
  if (story.length <= times) {
    throw error;
  }
};

const unavailable = new KubeError({ status: 503, reason: "ServiceUnavailable", message: "busy" });
const conflict = new KubeError({ status: 409, reason: "Conflict", message: "changed" });

describe("works", () => {
  test("on each key once, in order, however often it was added", async () => {
    for (const key of ["a", "b", "a", "c", "b"]) {
      queue.add(key);
    }
    void queue.run(stop.signal, failing(unavailable, 0));
    await clock.advance(0);
    expect(story).toEqual(["a", "b", "c"]);
  });

  test("on a key once more when it is added meanwhile, and never twice at the same time", async () => {
    queue = make(4);
    const { handler, open } = gates();
    void queue.run(stop.signal, handler);
    queue.add("a");
    await clock.advance(0);
    queue.add("a");
    queue.add("a");
    await clock.advance(0);
    expect(story).toEqual(["a +"]);
    open("a");
    await clock.advance(0);
    expect(story).toEqual(["a +", "a -", "a +"]);
    open("a");
    await clock.advance(0);
    expect(story).toHaveLength(4);
  });

  test("on as many keys at once as it may", async () => {
    queue = make(2);
    const { handler, open } = gates();
    void queue.run(stop.signal, handler);
    for (const key of ["a", "b", "c"]) {
      queue.add(key);
    }
    await clock.advance(0);
    expect(story).toEqual(["a +", "b +"]);
    open("b");
    await clock.advance(0);
    expect(story).toEqual(["a +", "b +", "b -", "c +"]);
    open("a");
    open("c");
    await clock.advance(0);
  });

  test("on nothing before whoever adds has gone on", async () => {
    void queue.run(stop.signal, failing(unavailable, 0));
    queue.add("a");
    expect(story).toEqual([]);
    await clock.advance(0);
    expect(story).toEqual(["a"]);
  });
});

test("gives way to timers and sockets every few milliseconds, however many keys want work", async () => {
  const keys = 10_000;
  const workMs = 0.02;
  let done = 0;
  queue = new WorkQueue({
    name: "services",
    log,
    clock: { ...systemClock, now: () => done * workMs },
  });
  for (let key = 0; key < keys; key += 1) {
    queue.add(`${key}`);
  }
  void queue.run(stop.signal, async () => {
    done += 1;
  });
  for (let before = 0; before < keys; before = done) {
    await setImmediate();
    expect((done - before) * workMs).toBeLessThan(11);
  }
});

describe("after a failure", () => {
  test("tries again, waiting twice as long each time, until it succeeds", async () => {
    void queue.run(stop.signal, failing(unavailable, 4));
    queue.add("a");
    for (const wait of [5, 10, 20, 40]) {
      await clock.advance(0);
      expect(clock.sleeping).toEqual([wait]);
      await clock.advance(wait);
    }
    await clock.advance(0);
    expect(story).toHaveLength(5);
  });

  test("never waits longer than half a minute", async () => {
    void queue.run(stop.signal, failing(unavailable, 30));
    queue.add("a");
    await clock.advance(600_000);
    expect(story.length).toBeGreaterThan(25);
  });

  test("begins with the short wait again once it has succeeded", async () => {
    void queue.run(stop.signal, failing(unavailable, 3));
    queue.add("a");
    await clock.advance(1000);
    expect(story).toHaveLength(4);
    story = [];
    queue.add("a");
    await clock.advance(0);
    expect(clock.sleeping).toEqual([5]);
  });

  test("waits as long as the server asks for", async () => {
    const busy = new KubeError({ status: 429, reason: "", message: "", retryAfterMs: 3000 });
    void queue.run(stop.signal, failing(busy, 1));
    queue.add("a");
    await clock.advance(0);
    expect(clock.sleeping).toEqual([3005]);
  });

  test("works on other keys meanwhile", async () => {
    void queue.run(stop.signal, async (key) => {
      story.push(key);
      if (key === "a") {
        throw unavailable;
      }
    });
    queue.add("a");
    queue.add("b");
    await clock.advance(0);
    expect(story).toEqual(["a", "b"]);
  });

  test("tries at once when the key is added, and not again for the old failure", async () => {
    void queue.run(stop.signal, failing(unavailable, 1));
    queue.add("a");
    await clock.advance(0);
    queue.add("a");
    await clock.advance(60_000);
    expect(story).toEqual(["a", "a"]);
    await clock.advance(0);
  });

  test.each([
    ["nothing of one failure", unavailable, 1, []],
    [
      "once that it lasts, and once that it is over",
      unavailable,
      5,
      ["warn work keeps failing", "info work works again"],
    ],
    ["nothing of conflicts", conflict, 5, []],
    ["once that there is a bug", new TypeError("undefined is no object"), 5, ["error work threw"]],
  ])("logs %s", async (_, error, times, told) => {
    void queue.run(stop.signal, failing(error, times));
    queue.add("a");
    await clock.advance(1000);
    expect(story).toHaveLength(times + 1);
    expect(log.told).toEqual(told);
  });
});

describe("stopping", () => {
  test("waits for what is under way and begins nothing else", async () => {
    const { handler, open } = gates();
    const running = queue.run(stop.signal, handler);
    queue.add("a");
    queue.add("b");
    await clock.advance(0);
    stop.abort();
    await clock.advance(0);
    open("a");
    await running;
    expect(story).toEqual(["a +", "a -"]);
  });

  test("tells the work", async () => {
    let told = false;
    const running = queue.run(stop.signal, async (_, signal) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
    });
    queue.add("a");
    await clock.advance(0);
    stop.abort();
    await running;
    expect(told).toBe(true);
  });

  test("ends the wait for a retry", async () => {
    const running = queue.run(stop.signal, failing(unavailable, 9));
    queue.add("a");
    await clock.advance(0);
    stop.abort();
    await running;
    expect(clock.sleeping).toEqual([]);
  });

  test("keeps what was added for the next run", async () => {
    stop.abort();
    queue.add("a");
    await queue.run(stop.signal, failing(unavailable, 0));
    expect(story).toEqual([]);
    stop = new AbortController();
    void queue.run(stop.signal, failing(unavailable, 0));
    await clock.advance(0);
    expect(story).toEqual(["a"]);
  });
});
