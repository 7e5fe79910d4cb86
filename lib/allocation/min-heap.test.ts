import fc from "fast-check";
import { expect, it } from "vitest";
import { MinHeap } from "./min-heap.ts";

it("a heap gives back its values in ascending order", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(0n, 20n)), (values) => {
      const heap = new MinHeap();
      for (const value of values) {
        heap.push(value);
      }
      const drained: bigint[] = [];
      for (let least = heap.least; least !== undefined; least = heap.least) {
        drained.push(least);
        heap.pop();
      }

      expect(drained).toEqual(values.toSorted((a, b) => (a < b ? -1 : Number(a > b))));
    }),
  );
});

it("an empty heap has no least value, and nothing to pop", () => {
  const heap = new MinHeap();
  heap.pop();

  expect(heap.least).toBeUndefined();
});
