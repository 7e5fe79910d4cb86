import fc from "fast-check";
import { expect, test } from "vitest";
import { KubeError } from "./kube-error.ts";
import { readPage } from "./listing.ts";

test.each([
  ["the last page", { continue: "" }, undefined],
  ["a page that others follow", { continue: "next" }, "next"],
])("reads %s", (_, metadata, token) => {
  const answer = { metadata: { resourceVersion: "7", ...metadata }, items: [1] };
  expect(readPage(answer)).toEqual({ items: [1], resourceVersion: "7", token });
});

test("reads a list without items as Go writes it", () => {
  const page = readPage({ metadata: { resourceVersion: "7" }, items: null });
  expect(page.items).toEqual([]);
});

test.each([
  ["nothing", null],
  ["an empty object", {}],
  ["no items", { metadata: { resourceVersion: "7" } }],
  ["no resourceVersion", { metadata: {}, items: [] }],
])("never takes for an empty list: %s", (_, answer) => {
  expect(() => readPage(answer)).toThrow(KubeError);
});

test("reads any JSON as a page, or refuses it with a KubeError", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (any) => {
      try {
        readPage(any as Parameters<typeof readPage>[0]);
      } catch (error) {
        expect(error).toBeInstanceOf(KubeError);
      }
    }),
  );
});
