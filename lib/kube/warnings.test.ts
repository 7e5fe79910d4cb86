import { expect, test } from "vitest";
import { RecordingLog } from "./testing/recording-log.ts";
import { Warnings } from "./warnings.ts";

function logged(...headers: readonly string[]): unknown[] {
  const log = new RecordingLog();
  const warnings = new Warnings(log);
  for (const header of headers) {
    warnings.note(header, "PATCH /api/v1/things/a");
  }
  return log.lines.map(({ fields: { warning } }) => warning);
}

test.each([
  ["none", "", []],
  ["one", '299 - "unknown field \\"spec.x\\""', ['unknown field "spec.x"']],
  [
    "several in one header",
    '299 - "first, with a comma", 299 - "second"',
    ["first, with a comma", "second"],
  ],
  ["of another code", '199 - "from a cache"', []],
])("logs the warnings of an answer: %s", (_, header, expected) => {
  expect(logged(header)).toEqual(expected);
});

test("logs the same warning once", () => {
  expect(logged('299 - "a"', '299 - "b"', '299 - "a"')).toEqual(["a", "b"]);
});

test("forgets the oldest of very many", () => {
  const many = Array.from({ length: 257 }, (_, index) => `299 - "${index}"`);
  expect(logged(...many, '299 - "256"', '299 - "0"')).toHaveLength(258);
});
