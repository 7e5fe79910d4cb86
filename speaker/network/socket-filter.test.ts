import { beforeEach, expect, test } from "vitest";
import { arpFilter, arpFilterForAny, type Instruction } from "#lib/linux/bpf.ts";
import { LinuxError } from "#lib/linux/libc.ts";
import { SocketFilter } from "./socket-filter.ts";

const ENOMEM = 12;
const A = 0xc000_020a;
const B = 0xc000_020b;

let set: (readonly Instruction[])[];
let warnings: string[];
let longest: number;
let filter: SocketFilter;

beforeEach(() => {
  set = [];
  warnings = [];
  longest = Number.POSITIVE_INFINITY;
  const ignore = () => undefined;
  filter = new SocketFilter(
    {
      setFilter: (program) => {
        if (program.length > longest) {
          throw new LinuxError("attach a filter", ENOMEM);
        }
        set.push(program);
      },
    },
    "eth0",
    { debug: ignore, info: ignore, error: ignore, warn: (message) => warnings.push(message) },
  );
});

test("passes exactly what is answered", () => {
  filter.changed("came");
  filter.tick(0, [A]);
  expect(set).toEqual([arpFilter([A])]);
  expect(filter.nextDeadline).toBeUndefined();
});

test("passes everything meanwhile when another address comes too soon for another filter", () => {
  filter.changed("came");
  filter.tick(0, [A]);
  filter.changed("came");
  filter.tick(10, [A, B]);
  expect(set.slice(1)).toEqual([arpFilterForAny()]);
  expect(filter.nextDeadline).toBe(100);
  filter.tick(100, [A, B]);
  expect(set.slice(2)).toEqual([arpFilter([A, B])]);
});

test("lets an address that went pass for a while", () => {
  filter.changed("came");
  filter.tick(0, [A, B]);
  filter.changed("went");
  filter.tick(10, [A]);
  expect(set).toHaveLength(1);
  filter.tick(100, [A]);
  expect(set.slice(1)).toEqual([arpFilter([A])]);
});

test("passes everything for good, with one warning, when the kernel takes no such filter", () => {
  longest = arpFilter([A]).length;
  filter.changed("came");
  filter.tick(0, [A, B]);
  filter.changed("went");
  filter.tick(200, [A]);
  expect(set).toEqual([arpFilterForAny()]);
  expect(warnings).toHaveLength(1);
  expect(filter.nextDeadline).toBeUndefined();
});
