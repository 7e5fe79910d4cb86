import { expect, test } from "vitest";
import { OwnStart } from "./own-start.ts";
import { draw } from "./testing/member-channels.ts";

test("numbers packets from 0, all of one start", () => {
  const start = new OwnStart(1n, draw);
  const packets = [start.next(), start.next(), start.next()];
  expect(packets.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
  expect(new Set(packets.map(({ keys }) => keys.startNonce))).toEqual(new Set([start.nonce]));
});

test("begins another start behind the last number, so that no key sees a number twice", () => {
  const start = new OwnStart(1n, draw, 0xffff_fffe);
  const packets = [start.next(), start.next(), start.next()];
  expect(packets.map(({ sequence }) => sequence)).toEqual([0xffff_fffe, 0xffff_ffff, 0]);
  const [first, second, third] = packets.map(({ keys }) => keys);
  expect(second).toBe(first);
  expect(third?.startNonce).not.toBe(first?.startNonce);
  expect(third?.startNonce).toBe(start.nonce);
});

test("two starts have different nonces", () => {
  expect(new OwnStart(1n, draw).nonce).not.toBe(new OwnStart(1n, draw).nonce);
});
