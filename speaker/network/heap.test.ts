import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "./heap.ts";

const isLess = (a: number, b: number): boolean => a < b;

test("has nothing to give when it is empty", () => {
  const heap = new Heap<number>(isLess);
  expect([heap.first, heap.pop()]).toEqual([undefined, undefined]);
});

test("gives first what goes before all others, whatever comes and goes meanwhile", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 99 }))), (pushesAndPops) => {
      const heap = new Heap<number>(isLess);
      let model: number[] = [];
      for (const pushed of pushesAndPops) {
        if (pushed === null) {
          const [least, ...others] = model;
          expect(heap.pop()).toBe(least);
          model = others;
        } else {
          heap.push(pushed);
          model = [...model, pushed].sort((a, b) => a - b);
        }
        expect(heap.first).toBe(model[0]);
      }
    }),
  );
});
