import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { FakeReviews } from "./testing/fake-reviews.ts";
import { TokenAccess } from "./token-access.ts";

let clock: FakeClock;
let log: RecordingLog;
let reviews: FakeReviews;
let access: TokenAccess;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLog();
  reviews = new FakeReviews();
  access = new TokenAccess(reviews, { log, clock });
});

const { signal: stays } = new AbortController();
const check = async (token: string) => (await access.check(token, stays)).kind;

test.each([
  ["good", "allowed"],
  ["weak", "forbidden"],
  ["bad", "unknown"],
])("who has the token %s is %s", async (token, kind) => {
  expect(await check(token)).toBe(kind);
});

test("asks first whose token it is, then what they may, with all that is known of them", async () => {
  await check("good");
  expect(reviews.asked).toEqual([
    {
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: "good" },
      },
    },
    {
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          nonResourceAttributes: { path: "/metrics", verb: "get" },
          user: "good",
          uid: "7",
          groups: ["g"],
          extra: { a: ["b"] },
        },
      },
    },
  ]);
});

test("says what to grant to whom", async () => {
  expect(await access.check("weak", stays)).toEqual({
    kind: "forbidden",
    message:
      "weak may not read metrics: bind it to a ClusterRole with the verb get for the nonResourceURL /metrics",
  });
});

describe("remembers", () => {
  test.each([
    ["good", 60_000, 2],
    ["weak", 10_000, 2],
    ["bad", 10_000, 1],
  ])("the token %s for %i ms", async (token, lifetimeMs, calls) => {
    await check(token);
    await clock.advance(lifetimeMs - 1);
    await check(token);
    expect(reviews.asked).toHaveLength(calls);
    await clock.advance(1);
    await check(token);
    expect(reviews.asked).toHaveLength(2 * calls);
  });

  test("a good token however many bad ones come", async () => {
    await check("good");
    for (let index = 0; index < 300; index += 1) {
      void check(`bad-${index}`);
      await clock.advance(100);
    }
    reviews.asked.length = 0;
    expect(await check("good")).toBe("allowed");
    expect(reviews.asked).toEqual([]);
  });

  test("no failure of the API", async () => {
    reviews.isAway = true;
    expect(await check("good")).toBe("unavailable");
    reviews.isAway = false;
    expect(await check("good")).toBe("allowed");
  });
});

test("asks once for a token that comes many times at once", async () => {
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => check("good")));
  expect(new Set(verdicts)).toEqual(new Set(["allowed"]));
  expect(reviews.asked).toHaveLength(2);
});

describe("of tokens that anybody can make up", () => {
  /** Clients on all connections but one that each try a token, and another as soon as it is refused. */
  function flood(): void {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    let made = 0;
    const loop = async () => {
      while (!stop.signal.aborted) {
        made += 1;
        await access.check(`bad-${made}`, stop.signal);
      }
    };
    for (let client = 0; client < 63; client += 1) {
      void loop();
    }
  }

  test("has no more than four under review", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    reviews.gate = promise;
    const waiting = [1, 2, 3, 4].map((index) => check(`bad-${index}`));
    const fifth = check("bad-5");
    await clock.advance(100);
    expect(await fifth).toBe("unavailable");
    resolve();
    expect(await Promise.all(waiting)).toEqual(Array(4).fill("unknown"));
  });

  test("reviews ten a second, however many come", async () => {
    flood();
    await clock.advance(0);
    expect(reviews.asked).toHaveLength(4);
    await clock.advance(10_000);
    expect(reviews.asked).toHaveLength(104);
  });

  test("keeps as many waiting as there are connections, and asks nothing for any more", async () => {
    const kinds: string[] = [];
    for (let index = 0; index < 4 + 64 + 10; index += 1) {
      void check(`bad-${index}`).then((kind) => kinds.push(kind));
    }
    await clock.advance(0);
    expect(kinds.filter((kind) => kind === "unavailable")).toHaveLength(10);
    expect(reviews.asked).toHaveLength(4);
  });

  test("keeps no place for a client that has gone", async () => {
    const clients = new AbortController();
    for (let index = 0; index < 100; index += 1) {
      void access.check(`bad-${index}`, clients.signal);
    }
    await clock.advance(0);
    clients.abort();
    reviews.asked.length = 0;
    const good = check("good");
    await clock.advance(100);
    expect(await good).toBe("allowed");
    expect(reviews.asked).toHaveLength(2);
  });

  test("finds a good one among them within the ten seconds of a scrape", async () => {
    flood();
    await clock.advance(5000);
    const good = check("good");
    await clock.advance(6500);
    expect(await good).toBe("allowed");
  });

  test("lets one that was allowed in the last hour wait for none of them", async () => {
    await check("good");
    flood();
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.advance(60_000);
      reviews.asked.length = 0;
      expect(await check("good")).toBe("allowed");
      expect(reviews.asked).toHaveLength(2);
    }
  });

  test("answers for one that was allowed while the API leaves theirs open", async () => {
    await check("good");
    await clock.advance(60_000);
    const { promise, resolve } = Promise.withResolvers<void>();
    reviews.gate = promise;
    const waiting = [1, 2, 3, 4].map((index) => check(`bad-${index}`));
    await clock.advance(0);
    reviews.gate = undefined;
    expect(await check("good")).toBe("allowed");
    resolve();
    await Promise.all(waiting);
  });
});

test("logs once that the API does not answer, and once that it does again", async () => {
  reviews.isAway = true;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await check("good");
  }
  reviews.isAway = false;
  await check("good");
  expect(log.told).toEqual([
    "warn checking of tokens for metrics keeps failing",
    "info checking of tokens for metrics works again",
  ]);
});
