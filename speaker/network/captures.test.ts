import { beforeEach, expect, test } from "vitest";
import { Captures } from "./captures.ts";
import { type HeardAddress, newHeardAddress, Stance } from "./heard-address.ts";
import type { CapturedFrame } from "./messages.ts";

const ORDER = { id: 1, ip: "192.0.2.10", maxFrames: 3, forMs: 1_000 };

let now: number;
let told: { id: number; frames: readonly CapturedFrame[]; ended: boolean }[];
let changed: string[];
let captures: Captures;
let address: HeardAddress;

beforeEach(() => {
  now = 0;
  told = [];
  changed = [];
  captures = new Captures(
    () => now,
    () => 1_000_000 + now,
    {
      captured: (id, frames, ended) => told.push({ id, frames, ended }),
      changed: (ip) => changed.push(ip),
    },
  );
  address = newHeardAddress("192.0.2.10", Stance.own);
});

function hear(about = address, length = 42): void {
  const frames = new DataView(new ArrayBuffer(1_024));
  frames.setUint8(256, 0xab);
  captures.frame(about, "eth0", "in", frames, 256, length);
}

test("copies the frames about an address, and tells of them a moment later", () => {
  captures.begin(ORDER);
  expect([captures.isActive, captures.ips.has("192.0.2.10"), changed]).toEqual([
    true,
    true,
    ["192.0.2.10"],
  ]);
  hear();
  hear(newHeardAddress("192.0.2.11", Stance.own));
  expect(told).toEqual([]);
  now = captures.nextDeadline ?? 0;
  captures.tick(now);
  expect(told).toEqual([
    {
      id: 1,
      frames: [
        {
          atMs: 1_000_000,
          link: "eth0",
          direction: "in",
          bytes: expect.any(Uint8Array),
          length: 42,
        },
      ],
      ended: false,
    },
  ]);
  expect([...(told[0]?.frames[0]?.bytes ?? [])].slice(0, 2)).toEqual([0xab, 0]);
});

test("keeps of a longer frame as much as there is, and its length", () => {
  captures.begin(ORDER);
  hear(address, 1_500);
  captures.tick(200);
  expect(told[0]?.frames.map(({ bytes, length }) => [bytes.length, length])).toEqual([
    [256, 1_500],
  ]);
});

test("ends with so many frames as were wanted", () => {
  captures.begin(ORDER);
  for (let count = 0; count < 5; count++) {
    hear();
  }
  expect(told.map(({ frames, ended }) => [frames.length, ended])).toEqual([[3, true]]);
  expect([captures.isActive, changed]).toEqual([false, ["192.0.2.10", "192.0.2.10"]]);
  expect(captures.nextDeadline).toBeUndefined();
});

test("ends when its time is over, or somebody says so, once", () => {
  captures.begin(ORDER);
  captures.begin({ ...ORDER, id: 2 });
  captures.end(2);
  captures.end(2);
  captures.tick(999);
  expect(told.map(({ id }) => id)).toEqual([2]);
  captures.tick(1_000);
  expect(told.map(({ id, ended }) => [id, ended])).toEqual([
    [2, true],
    [1, true],
  ]);
});

test("sends many frames in parts", () => {
  captures.begin({ ...ORDER, maxFrames: 1_000 });
  for (let count = 0; count < 130; count++) {
    hear();
  }
  expect(told.map(({ frames }) => frames.length)).toEqual([64, 64]);
});
