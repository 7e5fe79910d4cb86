import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchReader, BatchWriter } from "./batches.ts";

test("gives every message in its order, whenever it is flushed and read", () => {
  const anyStep = fc.oneof(
    { weight: 20, arbitrary: fc.constant("add" as const) },
    fc.constant("flush" as const),
    fc.constant("read" as const),
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 400 }), (steps) => {
      const waiting: (readonly number[])[] = [];
      const writer = new BatchWriter<number>((messages) => waiting.push(messages));
      const reader = new BatchReader<number>(() => waiting.shift());
      const read: number[] = [];
      const readAll = () => {
        for (let next = reader.next(); next !== undefined; next = reader.next()) {
          read.push(next);
        }
      };
      let added = 0;
      for (const step of steps) {
        if (step === "add") {
          writer.add(added++);
        } else if (step === "flush") {
          writer.flush();
        } else {
          readAll();
        }
      }
      writer.flush();
      readAll();
      expect(writer.isEmpty).toBe(true);
      expect(read).toEqual(Array.from({ length: added }, (_, index) => index));
    }),
  );
});

test("posts many at a time, and nothing when there is nothing", () => {
  const posted: number[] = [];
  const writer = new BatchWriter<string>((messages) => posted.push(messages.length));
  writer.flush();
  for (let count = 0; count < 100; count++) {
    writer.add("row");
  }
  expect(posted).toEqual([64]);
  writer.flush();
  expect(posted).toEqual([64, 36]);
});
