import { beforeEach, expect, test } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import type { CapturedFrame, ToNetwork } from "#speaker/network/messages.ts";
import { CaptureAsker } from "./capture-asker.ts";

const REQUEST = { ip: "192.0.2.10", seconds: 10, frames: 3 };
const FRAME: CapturedFrame = {
  atMs: 1,
  link: "eth0",
  direction: "in",
  bytes: new Uint8Array(42),
  length: 42,
};

let clock: FakeClock;
let sent: ToNetwork[];
let asker: CaptureAsker;
/** What the listeners were told: how many frames, or that it is over. */
let heard: (number | "ended")[];

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  heard = [];
  asker = new CaptureAsker((message) => sent.push(message), clock);
});

const begin = () =>
  asker.begin(REQUEST, {
    frames: (frames) => heard.push(frames.length),
    ended: () => heard.push("ended"),
  });

test("orders a capture, and passes its frames on until the network thread says that it is over", () => {
  begin();
  expect(sent).toEqual([
    { kind: "capture", order: { id: 1, ip: "192.0.2.10", maxFrames: 3, forMs: 10_000 } },
  ]);
  asker.hear({ kind: "captured", id: 1, frames: [FRAME, FRAME], ended: false });
  asker.hear({ kind: "captured", id: 1, frames: [FRAME], ended: true });
  expect(heard).toEqual([2, 1, "ended"]);
});

test("passes each capture its own frames", () => {
  begin();
  const others: number[] = [];
  asker.begin(REQUEST, { frames: (frames) => others.push(frames.length), ended: () => undefined });
  asker.hear({ kind: "captured", id: 2, frames: [FRAME], ended: false });
  asker.hear({ kind: "captured", id: 7, frames: [FRAME], ended: false });
  expect([heard, others]).toEqual([[], [1]]);
});

test("stops a capture that is disposed of, and hears no more of it", () => {
  begin()?.[Symbol.dispose]();
  asker.hear({ kind: "captured", id: 1, frames: [FRAME], ended: true });
  expect(sent.slice(1)).toEqual([{ kind: "capture-stop", id: 1 }]);
  expect(heard).toEqual(["ended"]);
});

test("ends a capture itself when the network thread does not, two seconds late", async () => {
  begin();
  await clock.advance(11_999);
  expect(heard).toEqual([]);
  await clock.advance(1);
  expect(heard).toEqual(["ended"]);
  expect(sent.at(-1)).toEqual({ kind: "capture-stop", id: 1 });
});

test("stops nothing that has ended, and waits for nothing more", async () => {
  const capture = begin();
  asker.hear({ kind: "captured", id: 1, frames: [], ended: true });
  expect(clock.sleeping).toEqual([]);
  await clock.advance(20_000);
  capture?.[Symbol.dispose]();
  expect(sent).toHaveLength(1);
  expect(heard).toEqual([0, "ended"]);
});

test("has four at a time, each until it is disposed of", () => {
  const captures = [begin(), begin(), begin(), begin()];
  asker.hear({ kind: "captured", id: 1, frames: [], ended: true });
  expect(begin()).toBeUndefined();
  captures[0]?.[Symbol.dispose]();
  expect(begin()).toBeDefined();
});
