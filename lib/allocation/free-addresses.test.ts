import fc from "fast-check";
import { expect, it } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { FreeAddresses } from "./free-addresses.ts";

it("the lowest free address of a range as large as IPv6 is there at once", () => {
  expect(new FreeAddresses(parseRange("1::/16"), () => false).lowest()).toBe(1n << 112n);
});

it("the lowest free address is what a scan of the range finds, after any takes and releases", () => {
  const range = { family: "IPv4", first: 0n, last: 15n } as const;
  const steps = fc.array(fc.record({ value: fc.bigInt(0n, 15n), isTaken: fc.boolean() }), {
    minLength: 20,
    maxLength: 60,
    size: "max",
  });
  fc.assert(
    fc.property(steps, fc.boolean(), (history, looksEachTime) => {
      const taken = new Set<bigint>();
      const free = new FreeAddresses(range, (value) => value === 7n || taken.has(value));
      const scan = (): bigint | undefined => {
        for (let value = 0n; value <= 15n; value += 1n) {
          if (value !== 7n && !taken.has(value)) {
            return value;
          }
        }
        return undefined;
      };
      for (const { value, isTaken } of history) {
        if (isTaken) {
          taken.add(value);
        } else if (taken.delete(value)) {
          free.release(value);
        }
        if (looksEachTime) {
          expect(free.lowest()).toBe(scan());
        }
      }
      expect(free.lowest()).toBe(scan());
    }),
    { numRuns: 300 },
  );
});
