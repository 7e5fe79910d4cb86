import { expect, test } from "vitest";
import { isServedBy, regardingService } from "./service.ts";
import { service } from "./testing/fixture.ts";

test.each([
  [undefined, "", true],
  ["herald", "herald", true],
  ["herald", "", false],
  [undefined, "herald", false],
  ["other", "herald", false],
])(
  "a Service of class %s is served by Herald of class %j: %s",
  (loadBalancerClass, lbClass, expected) => {
    const fields = loadBalancerClass === undefined ? {} : { loadBalancerClass };
    expect(isServedBy(service("default/web", fields), lbClass)).toBe(expected);
  },
);

test("an Event refers to a Service by its kind, name and uid", () => {
  expect(regardingService(service("default/web", { uid: "5f3a" }))).toEqual({
    apiVersion: "v1",
    kind: "Service",
    namespace: "default",
    name: "web",
    uid: "5f3a",
  });
});
