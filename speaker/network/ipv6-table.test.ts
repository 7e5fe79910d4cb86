import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { Ipv6Table } from "./ipv6-table.ts";

const FIRST = parseIp("2001:db8::c0de:1");
/** It has the low 32 bits of the first. */
const TWIN = parseIp("2001:db8:1::c0de:1");
const OTHER = parseIp("2001:db8::c0de:2");

let table: Ipv6Table<string>;

beforeEach(() => {
  table = new Ipv6Table();
  table.set(FIRST, "first");
  table.set(OTHER, "other");
});

function find(value: bigint, at: number): string | undefined {
  const bytes = new ByteWriter(at + 16).bytes(new Uint8Array(at)).u128(value).written();
  return table.find(new DataView(bytes.buffer), at);
}

test("finds what belongs to an address, by value and in a frame", () => {
  expect(table.get(FIRST)).toBe("first");
  expect(find(OTHER.value, 62)).toBe("other");
});

test("keeps the last value of an address", () => {
  table.set(FIRST, "again");
  expect([table.get(FIRST), table.size]).toEqual(["again", 2]);
});

test("forgets an address", () => {
  expect([table.delete(FIRST), table.delete(FIRST)]).toEqual([true, false]);
  expect([table.get(FIRST), find(FIRST.value, 0), table.size]).toEqual([undefined, undefined, 1]);
});

describe("an address with the low bits of another", () => {
  test("is none of the table's until it is set", () => {
    expect([table.get(TWIN), find(TWIN.value, 0)]).toEqual([undefined, undefined]);
  });

  test("stands beside it", () => {
    table.set(TWIN, "twin");
    expect([table.get(FIRST), table.get(TWIN), table.size]).toEqual(["first", "twin", 3]);
    table.delete(FIRST);
    expect([table.get(FIRST), table.get(TWIN), table.size]).toEqual([undefined, "twin", 2]);
  });

  test("shows once among the low bits, and twice among the values", () => {
    table.set(TWIN, "twin");
    expect([...table.lowWords()].sort()).toEqual([0xc0de_0001, 0xc0de_0002]);
    expect([...table.values()].sort()).toEqual(["first", "other", "twin"]);
  });
});

test("does what a map by text does, whatever is set and deleted", () => {
  const ips = fc
    .record({ high: fc.bigInt(0n, 3n), shift: fc.constantFrom(32n, 64n, 127n), low: fc.nat(3) })
    .map(({ high, shift, low }) => ({
      family: "IPv6" as const,
      value: BigInt.asUintN(128, (high << shift) | (0xffff_fff0n + BigInt(low))),
    }));
  const steps = fc.array(fc.tuple(ips, fc.option(fc.string({ maxLength: 3 }))), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (changes) => {
      table = new Ipv6Table();
      const model = new Map<string, string>();
      for (const [ip, value] of changes) {
        const text = formatIp(ip);
        if (value === null) {
          expect(table.delete(ip)).toBe(model.delete(text));
        } else {
          table.set(ip, value);
          model.set(text, value);
        }
        expect(table.get(ip)).toBe(model.get(text));
        expect(find(ip.value, 3)).toBe(model.get(text));
        expect(table.size).toBe(model.size);
      }
      expect([...table.values()].sort()).toEqual([...model.values()].sort());
    }),
  );
});
