import { beforeEach, describe, expect, test } from "vitest";
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

const check = async (token: string) => (await access.check(token)).kind;

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
  expect(await access.check("weak")).toEqual({
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
      await check(`bad-${index}`);
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

test("has at most four tokens under review, and still answers for those that it knows", async () => {
  await check("good");
  const { promise, resolve } = Promise.withResolvers<void>();
  reviews.gate = promise;
  const waiting = [1, 2, 3, 4].map((index) => check(`bad-${index}`));
  expect(await check("bad-5")).toBe("unavailable");
  expect(await check("good")).toBe("allowed");
  resolve();
  expect(await Promise.all(waiting)).toEqual(Array(4).fill("unknown"));
  expect(await check("bad-5")).toBe("unknown");
});

test("logs once that the API does not answer, and once that it does again", async () => {
  reviews.isAway = true;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await check("good");
  }
  reviews.isAway = false;
  await check("good");
  expect(log.told).toEqual([
    "warn checking of tokens for metrics keeps failing",
    "info checking of tokens for metrics works again",
  ]);
});
