import { beforeEach, expect, test } from "vitest";
import type { Instruction } from "#lib/linux/bpf.ts";
import { LinuxError } from "#lib/linux/libc.ts";
import { SocketFilter } from "./socket-filter.ts";

const ENOMEM = 12;

/** How many instructions a filter of the tests has for an address. */
const PER_ADDRESS = 2;
const OPEN_LENGTH = 1;

/** A filter that says what it is; its length is what the kernel looks at. */
type NamedFilter = readonly Instruction[] & { readonly passes: string };

/** How many addresses are heard. */
let addresses: number;
/** What the filters that were set let pass. */
let set: string[];
let warnings: string[];
/** How many instructions the kernel has room for, those of the former filter included. */
let room: number;
let filter: SocketFilter;

function named(passes: string, length: number): NamedFilter {
  const instructions = Array.from({ length }, () => ({ code: 6, jt: 0, jf: 0, k: 0 }));
  return Object.assign(instructions, { passes });
}

function make(maxIntervals: number | undefined): NamedFilter {
  if (maxIntervals === undefined) {
    return named("all", OPEN_LENGTH);
  }
  const intervals = Math.min(addresses, maxIntervals);
  return named(`${addresses} by ${intervals}`, intervals * PER_ADDRESS);
}

beforeEach(() => {
  addresses = 0;
  set = [];
  warnings = [];
  room = Number.POSITIVE_INFINITY;
  let current = named("nothing", 1);
  const ignore = () => undefined;
  filter = new SocketFilter(
    {
      setFilter: (program) => {
        if (current.length + program.length > room) {
          throw new LinuxError("attach a filter", ENOMEM);
        }
        current = program as NamedFilter;
        set.push(current.passes);
      },
    },
    "eth0",
    { debug: ignore, info: ignore, error: ignore, warn: (message) => warnings.push(message) },
    make,
  );
});

/** Now so many are heard, and the filter is told. */
function hear(count: number): void {
  const change = count > addresses ? "came" : "went";
  addresses = count;
  filter.changed(change);
}

test("passes exactly what is heard", () => {
  hear(1);
  expect(filter.nextDeadline).toBe(Number.NEGATIVE_INFINITY);
  filter.tick(0);
  expect(set.at(-1)).toBe("1 by 1");
  expect(filter.nextDeadline).toBeUndefined();
});

test("passes everything meanwhile when another address comes too soon for another filter", () => {
  hear(1);
  filter.tick(0);
  hear(2);
  filter.tick(10);
  expect(set.at(-1)).toBe("all");
  expect(filter.nextDeadline).toBe(100);
  filter.tick(100);
  expect(set.at(-1)).toBe("2 by 2");
});

test("lets an address that went pass for a while", () => {
  hear(2);
  filter.tick(0);
  hear(1);
  filter.tick(10);
  expect(set.at(-1)).toBe("2 by 2");
  expect(filter.nextDeadline).toBe(100);
  filter.tick(100);
  expect(set.at(-1)).toBe("1 by 1");
});

test("sets no more than ten exact filters a second while addresses come one after the other", () => {
  for (let now = 0; now < 1_000; now++) {
    hear(addresses + 1);
    filter.tick(now);
  }
  expect(set.filter((passes) => passes !== "all")).toHaveLength(10);
  expect(set.filter((passes) => passes === "all").length).toBeLessThanOrEqual(20);
});

test("passes some others, with one warning, when the kernel has no room for an exact filter", () => {
  room = 251 * PER_ADDRESS;
  hear(400);
  filter.tick(0);
  hear(500);
  filter.tick(100);
  expect(set.at(-1)).toBe("500 by 250");
  expect(warnings).toEqual([
    "the kernel takes no exact filter for so many addresses: questions for some that are not ours cost time too; raise net.core.optmem_max to 131072 and restart",
  ]);
});

test("passes everything, with another warning, when it has no room for a coarse one either", () => {
  room = 200 * PER_ADDRESS;
  hear(400);
  filter.tick(0);
  expect(set.at(-1)).toBe("all");
  expect(warnings[1]).toBe(
    "the kernel takes no filter for addresses: every question on the link costs time; raise net.core.optmem_max to 131072 and restart",
  );
  hear(401);
  filter.tick(100);
  expect(set.at(-1)).toBe("all");
  expect(warnings).toHaveLength(2);
  expect(filter.nextDeadline).toBeUndefined();
});

test("does not ask the kernel again for what it refused, until there are fewer addresses", () => {
  room = 200 * PER_ADDRESS;
  hear(240);
  filter.tick(0);
  room = Number.POSITIVE_INFINITY;
  hear(241);
  filter.tick(100);
  expect(set.at(-1)).toBe("all");
  hear(190);
  filter.tick(200);
  expect(set.at(-1)).toBe("190 by 190");
});

test("has room to pass everything again, however little of it there was", () => {
  for (room = 10; room < 30; room++) {
    hear(addresses + 1);
    filter.tick(room * 1_000);
    hear(addresses + 1);
    expect(() => filter.tick(room * 1_000 + 1)).not.toThrow();
  }
});

test("hands on what else the kernel has against a filter", () => {
  const EINVAL = 22;
  const broken = new SocketFilter(
    {
      setFilter: () => {
        throw new LinuxError("attach a filter", EINVAL);
      },
    },
    "eth0",
    { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    make,
  );
  broken.changed("came");
  expect(() => broken.tick(0)).toThrow("Cannot attach a filter: invalid argument");
});

test("keeps the filter that is there while the kernel has room for no other, and tries again", () => {
  hear(1);
  filter.tick(0);
  room = 0;
  hear(2);
  filter.tick(300);
  filter.tick(400);
  expect(warnings).toHaveLength(1);
  expect(filter.nextDeadline).toBe(500);
  room = Number.POSITIVE_INFINITY;
  filter.tick(500);
  expect(set.at(-1)).toBe("2 by 2");
});
