import fc from "fast-check";
import { expect, test } from "vitest";
import { KubeError } from "./kube-error.ts";
import { parseWatchEvent } from "./watch-event.ts";

const line = (value: unknown) => Buffer.from(JSON.stringify(value));
const metadata = { namespace: "default", name: "web", uid: "u", resourceVersion: "7" };
const identity = { key: "default/web", uid: "u", resourceVersion: "7" };
const end = { "k8s.io/initial-events-end": "true" };

test.each(["ADDED", "MODIFIED", "DELETED"])("reads %s", (type) => {
  const object = { metadata, data: 1 };
  expect(parseWatchEvent(line({ type, object }))).toEqual({ type, object, identity });
});

test("gives an object without namespace its name as key", () => {
  const object = { metadata: { ...metadata, namespace: undefined } };
  expect(parseWatchEvent(line({ type: "ADDED", object }))).toMatchObject({
    identity: { key: "web" },
  });
});

test.each([
  [{ resourceVersion: "9" }, false],
  [{ resourceVersion: "9", annotations: {} }, false],
  [{ resourceVersion: "9", annotations: end }, true],
])("reads BOOKMARK %o", (bookmark, complete) => {
  const event = { type: "BOOKMARK", object: { metadata: bookmark } };
  expect(parseWatchEvent(line(event))).toEqual({
    type: "BOOKMARK",
    resourceVersion: "9",
    complete,
  });
});

test("throws what an ERROR event says", () => {
  const details = { retryAfterSeconds: 2 };
  const object = { kind: "Status", code: 410, reason: "Expired", message: "too old", details };
  expect(() => parseWatchEvent(line({ type: "ERROR", object }))).toThrow(
    expect.objectContaining({
      gone: true,
      reason: "Expired",
      retryAfterMs: 2000,
      message: "The watch was ended with 410: too old",
    }),
  );
});

test.each([
  ["no JSON", Buffer.from('{"type":'), "a line is not JSON"],
  ["null", line(null), "an event is of type undefined"],
  ["another type", line({ type: "MOVED" }), "an event is of type MOVED"],
  ["no object", line({ type: "ADDED" }), "it has no name"],
  ["no uid", line({ type: "ADDED", object: { metadata: { name: "a" } } }), "it has no uid"],
  [
    "an empty resourceVersion",
    line({ type: "ADDED", object: { metadata: { ...metadata, resourceVersion: "" } } }),
    "it has no resourceVersion",
  ],
  ["a bookmark of nothing", line({ type: "BOOKMARK" }), "it has no resourceVersion"],
])("refuses %s", (_, bytes, message) => {
  expect(() => parseWatchEvent(bytes)).toThrow(message);
});

test("reads any JSON as an event, or refuses it with a KubeError", () => {
  const type = fc.constantFrom("ADDED", "DELETED", "BOOKMARK", "ERROR", 1, null);
  const object = fc.oneof(fc.jsonValue(), fc.record({ metadata: fc.jsonValue() }));
  const value = fc.oneof(fc.jsonValue(), fc.record({ type, object }));
  fc.assert(
    fc.property(value, (any) => {
      try {
        parseWatchEvent(line(any));
      } catch (error) {
        expect(error).toBeInstanceOf(KubeError);
      }
    }),
  );
});
