import { beforeEach, describe, expect, test } from "vitest";
import { MemberKeys, tagOf } from "./member-keys.ts";

const OLD = new Uint8Array(32).fill(1);
const NEW = new Uint8Array(32).fill(2);
const NEWER = new Uint8Array(32).fill(3);
const BYTES = Uint8Array.of(1, 2, 3);

let now: number;
let keys: MemberKeys;

/** Which keys' tags are authentic. */
function accepted(): readonly Uint8Array[] {
  return [OLD, NEW, NEWER].filter((key) => keys.isAuthentic(BYTES, tagOf(BYTES, key)));
}

beforeEach(() => {
  now = 1_000;
  keys = new MemberKeys(() => now);
});

test("no key is in force before the first, and then that one alone", () => {
  expect(keys.inForce).toEqual([]);
  expect(accepted()).toEqual([]);
  keys.set(OLD);
  expect(keys.inForce).toEqual([OLD]);
  expect(accepted()).toEqual([OLD]);
});

describe("after a change", () => {
  beforeEach(() => {
    keys.set(OLD);
    keys.set(NEW);
  });

  test("both keys are in force for ten minutes, then the new one alone", () => {
    expect(keys.inForce).toEqual([NEW, OLD]);
    now += 599_999;
    expect(accepted()).toEqual([OLD, NEW]);
    now += 1;
    expect(keys.inForce).toEqual([NEW]);
    expect(accepted()).toEqual([NEW]);
  });

  test("another one leaves two keys in force, and begins the time anew", () => {
    now += 300_000;
    keys.set(NEWER);
    now += 599_999;
    expect(keys.inForce).toEqual([NEWER, NEW]);
    expect(accepted()).toEqual([NEW, NEWER]);
  });
});
