import { beforeEach, expect, test } from "vitest";
import { aborted } from "./aborted.ts";
import { LeaderElection } from "./lease.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { type FakeLeaseClient, FakeLeases } from "./testing/fake-leases.ts";
import { RecordingLog } from "./testing/recording-log.ts";

let clock: FakeClock;
let leases: FakeLeases;
/** `second name +` when one begins to lead, `-` when it ends. */
let story: string[];

beforeEach(() => {
  clock = new FakeClock();
  leases = new FakeLeases(clock);
  story = [];
});

interface Candidate {
  readonly client: FakeLeaseClient;
  readonly log: RecordingLog;
  readonly running: Promise<void>;
  stop(): Promise<void>;
}

function candidate(identity: string, lead = aborted): Candidate {
  const client = leases.client();
  const log = new RecordingLog();
  const election = new LeaderElection(client, {
    namespace: "metallb-system",
    name: "herald-controller",
    identity,
    log,
    clock,
    random: () => 0,
  });
  const end = new AbortController();
  const running = election.run(end.signal, async (leading) => {
    story.push(`${clock.now() / 1000} ${identity} +`);
    await lead(leading);
    story.push(`${clock.now() / 1000} ${identity} -`);
  });
  const stop = () => {
    end.abort();
    return running;
  };
  return { client, log, running, stop };
}

test("elects the first, who stays the leader as long as it renews", async () => {
  const a = candidate("a");
  await clock.advance(100);
  const b = candidate("b");
  await clock.advance(120_000);
  expect(story).toEqual(["0 a +"]);
  expect(a.log.told).toEqual(["info leader changed"]);
  expect(b.log.lines).toEqual([
    {
      level: "info",
      message: "leader changed",
      fields: { lease: "herald-controller", leader: "a" },
    },
  ]);
  await Promise.all([a.stop(), b.stop()]);
});

test("asks the server one thing every two seconds", async () => {
  const a = candidate("a");
  await clock.advance(0);
  const before = leases.calls;
  await clock.advance(20_000);
  expect(leases.calls - before).toBe(10);
  await a.stop();
});

test("writes what client-go writes", async () => {
  const a = candidate("a");
  await clock.advance(4000);
  expect(leases.lease).toEqual({
    metadata: {
      namespace: "metallb-system",
      name: "herald-controller",
      uid: "uid",
      resourceVersion: "3",
    },
    spec: {
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:04.000000Z",
    },
  });
  await a.stop();
});

test.each(["request", "answer"] as const)(
  "stops a leader whose %s is lost before another one leads",
  async (lost) => {
    const a = candidate("a");
    await clock.advance(100);
    const b = candidate("b");
    await clock.advance(4500);
    a.client.lost = lost;
    await clock.advance(40_000);
    expect(story.map((line) => line.slice(line.indexOf(" ") + 1))).toEqual(["a +", "a -", "b +"]);
    const [stopped = 0, began = 0] = story.slice(1).map((line) => Number.parseFloat(line));
    expect(stopped).toBe(14);
    expect(began).toBeGreaterThanOrEqual(stopped + 4);
    await Promise.all([a.stop(), b.stop()]);
  },
);

test("waits for the leader's work to end before it competes again", async () => {
  const finish = Promise.withResolvers<void>();
  const a = candidate("a", (leading) => (story.length === 1 ? finish.promise : aborted(leading)));
  await clock.advance(100);
  a.client.lost = "request";
  await clock.advance(60_000);
  a.client.lost = "nothing";
  await clock.advance(60_000);
  expect(story).toEqual(["0 a +"]);
  finish.resolve();
  await clock.advance(3000);
  expect(story.slice(1).map((line) => line.split(" ").slice(1).join(" "))).toEqual(["a -", "a +"]);
  await a.stop();
});

test("hands over at once when the leader is stopped", async () => {
  const a = candidate("a");
  await clock.advance(100);
  const b = candidate("b");
  await clock.advance(5000);
  await a.stop();
  expect(leases.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
  await clock.advance(2000);
  expect(story.slice(0, 2)).toEqual(["0 a +", "5.1 a -"]);
  expect(story[2]).toMatch(/ b \+$/);
  expect(leases.lease?.spec?.leaseTransitions).toBe(1);
  await b.stop();
});

test("lets one of several through when the Lease is free", async () => {
  const candidates = ["a", "b", "c"].map((identity) => candidate(identity));
  await clock.advance(30_000);
  expect(story).toHaveLength(1);
  await Promise.all(candidates.map(({ stop }) => stop()));
});

test("is led at once by a process of the same identity, as after a crash", async () => {
  const a = candidate("a");
  await clock.advance(3000);
  a.client.lost = "request";
  const again = candidate("a");
  await clock.advance(0);
  expect(story).toEqual(["0 a +", "3 a +"]);
  await Promise.all([clock.advance(20_000), a.stop(), again.stop()]);
});

test("stops a leader whose Lease another one has taken", async () => {
  const a = candidate("a");
  await clock.advance(3000);
  const { lease } = leases;
  leases.put({ ...lease, spec: { ...lease?.spec, holderIdentity: "b" } });
  await clock.advance(4000);
  expect(story).toEqual(["0 a +", "6 a -"]);
  await a.stop();
});

test("ends with the error of the leader's work, and frees the Lease", async () => {
  const a = candidate("a", () => Promise.reject(new Error("broken")));
  await expect(a.running).rejects.toThrow("broken");
  expect(leases.lease?.spec?.holderIdentity).toBe("");
});

test("says once that the server does not answer", async () => {
  const a = candidate("a");
  a.client.lost = "request";
  await clock.advance(60_000);
  a.client.lost = "nothing";
  await clock.advance(10_000);
  expect(a.log.told).toEqual([
    "warn leader election keeps failing",
    "info leader changed",
    "info leader election works again",
  ]);
  await a.stop();
});
