import { expect, test } from "vitest";
import { KubeError, refusalError, retryAfterMs } from "./kube-error.ts";

const noon = Date.UTC(2026, 0, 1, 12);

test.each([
  ["a number of seconds", "7", 7000],
  ["a date ahead", "Thu, 01 Jan 2026 12:00:09 GMT", 9000],
  ["a date that is past", "Thu, 01 Jan 2026 11:59:00 GMT", 0],
  ["a wait longer than two minutes, which is cut", "86400", 120_000],
  ["nothing", "", 0],
  ["no number and no date", "soon", 0],
  ["a negative number", "-5", 0],
])("reads from Retry-After %s", (_, header, expected) => {
  expect(retryAfterMs(header, noon)).toBe(expected);
});

test.each([
  ["conflict", { status: 409, reason: "Conflict" }],
  ["alreadyExists", { status: 409, reason: "AlreadyExists" }],
  ["notFound", { status: 404, reason: "NotFound" }],
  ["gone", { status: 410, reason: "Expired" }],
  ["temporary", { status: 0, reason: "ECONNREFUSED" }],
  ["temporary", { status: 429, reason: "TooManyRequests" }],
  ["temporary", { status: 503, reason: "ServiceUnavailable" }],
] as const)("is only %s with %o", (getter, fields) => {
  const error = new KubeError({ ...fields, message: "" });
  const names = ["conflict", "alreadyExists", "notFound", "gone", "temporary"] as const;
  expect(names.filter((name) => error[name])).toEqual([getter]);
});

test("says what was asked and what the server said", () => {
  const body = JSON.stringify({
    kind: "Status",
    reason: "Forbidden",
    message: 'services is forbidden: User "u" cannot list resource "services"',
    details: { retryAfterSeconds: 3 },
  });
  const refusal = { call: "GET /api/v1/services", httpStatus: 403, body };
  expect(refusalError(refusal, noon)).toMatchObject({
    status: 403,
    reason: "Forbidden",
    retryAfterMs: 3000,
    message:
      'GET /api/v1/services was refused with 403: services is forbidden: User "u" cannot list resource "services"',
  });
});

test.each(["<html>bad gateway</html>", "[]", "null", ""])(
  "makes do with a body that no API server wrote: %s",
  (body) => {
    const error = refusalError({ call: "GET /", httpStatus: 502, body }, noon);
    expect(error).toMatchObject({ status: 502, reason: "HTTP 502" });
    expect(error.message).toBe(`GET / was refused with 502: ${body}`);
  },
);
