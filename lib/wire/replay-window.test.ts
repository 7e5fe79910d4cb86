import fc from "fast-check";
import { expect, test } from "vitest";
import { ReplayWindow } from "./replay-window.ts";

const MAX_SEQUENCE = 0xffff_ffff;

/** Which of the sequences count, one after the other. */
function counted(sequences: readonly number[]): readonly number[] {
  const [first = 0, ...rest] = sequences;
  const window = new ReplayWindow(first);
  const taken = rest.filter((sequence) => {
    const isNew = !window.has(sequence);
    if (isNew) {
      window.add(sequence);
    }
    return isNew;
  });
  return [first, ...taken];
}

test.for([
  { what: "each packet once", sent: [0, 0, 1, 1, 0], counts: [0, 1] },
  { what: "packets that overtook each other", sent: [5, 3, 4, 6], counts: [5, 3, 4, 6] },
  { what: "a packet 63 before the newest", sent: [100, 37, 37], counts: [100, 37] },
  { what: "none 64 before the newest", sent: [100, 36], counts: [100] },
  { what: "none before a jump as wide as the window", sent: [0, 64, 0], counts: [0, 64] },
  { what: "the last before a jump of one less", sent: [0, 63, 0, 1], counts: [0, 63, 1] },
  { what: "the last sequence of all", sent: [0, MAX_SEQUENCE, 1], counts: [0, MAX_SEQUENCE] },
])("counts $what", ({ sent, counts }) => {
  expect(counted(sent)).toEqual(counts);
});

test("counts what a list of all packets would, of those within 64 of the newest", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { minLength: 1 }), (sequences) => {
      const expected: number[] = [];
      for (const sequence of sequences) {
        if (!expected.includes(sequence) && Math.max(...expected) - sequence < 64) {
          expected.push(sequence);
        }
      }
      expect(counted(sequences)).toEqual(expected);
    }),
  );
});
