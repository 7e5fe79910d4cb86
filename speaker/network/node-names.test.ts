import fc from "fast-check";
import { expect, test } from "vitest";
import { type KeptOrder, NodeNames } from "./node-names.ts";

test("gives every order back as it was, whatever came and went", () => {
  const anyOrder = fc.uniqueArray(fc.stringMatching(/^[a-e]{1,2}$/));
  const anyStep = fc.record({ row: fc.nat(4), order: fc.option(anyOrder) });
  fc.assert(
    fc.property(fc.array(anyStep), (steps) => {
      const names = new NodeNames();
      const kept = new Map<number, [KeptOrder, readonly string[]]>();
      for (const { row, order } of steps) {
        const [old] = kept.get(row) ?? [];
        if (old !== undefined) {
          names.release(old);
          kept.delete(row);
        }
        if (order !== null) {
          kept.set(row, [names.keep(order), order]);
        }
        for (const [now, before] of kept.values()) {
          expect([...now]).toEqual(before);
        }
      }
    }),
  );
});

test("does not run out of names when nodes come and go", () => {
  const names = new NodeNames();
  for (let index = 0; index < 70_000; index++) {
    names.release(names.keep([`n${index}`, "n"]));
  }
  expect([...names.keep(["n70000", "n"])]).toEqual(["n70000", "n"]);
});

test("refuses more names at once than it has numbers for", () => {
  const names = new NodeNames();
  names.keep(Array.from({ length: 65_536 }, (_, index) => `n${index}`));
  expect(() => names.keep(["n65536"])).toThrow("Cannot keep the names of more than 65536 nodes");
});
