import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { ALL_ANSWERS_MS, FIRST_ANSWER_MS, type ResumeOptions, resumeIfSilent } from "./resume.ts";
import type { Snapshot } from "./snapshot.ts";

const SNAPSHOT: Snapshot = {
  takenAtMs: Date.UTC(2026, 0, 1) - 60_000,
  rows: [{ service: "default/web", ips: ["192.0.2.10"], order: ["n1"] }],
  members: [
    { name: "n1", addresses: [] },
    { name: "n2", addresses: [] },
  ],
};

let clock: FakeClock;
let log: RecordingLog;
let told: ReturnType<ResumeOptions["told"]>;
let snapshot: Snapshot | undefined;
let resumed: Snapshot[];

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLog();
  told = "nothing";
  snapshot = SNAPSHOT;
  resumed = [];
});

function begin(key = Promise.resolve()): AbortController {
  const stop = new AbortController();
  const running = resumeIfSilent(
    {
      key,
      log,
      clock,
      told: () => told,
      read: async () => snapshot,
      resume: (read) => void resumed.push(read),
    },
    stop.signal,
  );
  onTestFinished(() => {
    stop.abort();
    return running;
  });
  return stop;
}

describe("a speaker begins from the snapshot", () => {
  test("when the API server has told nothing in half a second, and says so once", async () => {
    begin();
    await clock.advance(FIRST_ANSWER_MS - 1);
    expect(resumed).toEqual([]);
    await clock.advance(1);
    await setImmediate();
    expect(resumed).toEqual([SNAPSHOT]);
    expect(log.lines).toEqual([
      {
        level: "warn",
        message: "resumed from the snapshot: the API server does not answer",
        fields: { ageSeconds: 61, services: 1, nodes: 2 },
      },
    ]);
  });

  test("when the API server has begun to tell and does not end", async () => {
    begin();
    told = "some";
    await clock.advance(ALL_ANSWERS_MS - 1);
    expect(resumed).toEqual([]);
    await clock.advance(1);
    await setImmediate();
    expect(resumed).toEqual([SNAPSHOT]);
    expect(log.told).toEqual([
      "warn resumed from the snapshot: the API server does not answer all",
    ]);
  });

  test("as soon as the membership key is there", async () => {
    const key = Promise.withResolvers<void>();
    begin(key.promise);
    await clock.advance(60_000);
    expect(resumed).toEqual([]);
    key.resolve();
    await setImmediate();
    expect(resumed).toEqual([SNAPSHOT]);
  });
});

describe("a speaker does not begin from the snapshot", () => {
  test.each<[when: string, change: (stop: AbortController) => void]>([
    [
      "when the API server tells all",
      () => {
        told = "all";
      },
    ],
    [
      "when there is none",
      () => {
        snapshot = undefined;
      },
    ],
    ["when it is told to stop", (stop) => stop.abort()],
  ])("%s", async (_, change) => {
    change(begin());
    await clock.advance(60_000);
    await setImmediate();
    expect(resumed).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  test("when the API server tells all while it is read", async () => {
    const read = Promise.withResolvers<Snapshot>();
    const signal = new AbortController().signal;
    const running = resumeIfSilent(
      {
        key: Promise.resolve(),
        log,
        clock,
        told: () => told,
        read: () => read.promise,
        resume: (late) => void resumed.push(late),
      },
      signal,
    );
    await clock.advance(FIRST_ANSWER_MS);
    told = "all";
    read.resolve(SNAPSHOT);
    await running;
    expect(resumed).toEqual([]);
  });
});
