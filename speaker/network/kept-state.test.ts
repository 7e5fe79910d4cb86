import { beforeEach, describe, expect, test } from "vitest";
import { KeptState } from "./kept-state.ts";

let now: number;
let hash: number;
let costMs: number;
let kept: number[];
let state: KeptState;

beforeEach(() => {
  now = 10_000;
  hash = 0;
  costMs = 0;
  kept = [];
  state = new KeptState({
    clock: () => now,
    hash: () => hash,
    take: () => {
      now += costMs;
      return Uint8Array.of(hash);
    },
    keep: ([first = 0]) => kept.push(first),
  });
});

function at(ms: number): void {
  now = ms;
  state.tick(now);
}

describe("What the next speaker should know", () => {
  test("is kept when it changes, once a second at most", () => {
    at(10_000);
    expect(kept).toEqual([]);
    hash = 1;
    at(10_001);
    hash = 2;
    at(10_900);
    hash = 3;
    at(11_001);
    at(13_000);
    expect(kept).toEqual([1, 3]);
  });

  test("is kept less often where that takes long", () => {
    hash = 1;
    costMs = 100;
    at(10_000);
    hash = 2;
    at(14_900);
    expect(kept).toEqual([1]);
    at(15_200);
    expect(kept).toEqual([1, 2]);
  });
});
