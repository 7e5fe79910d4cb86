import { expect, test } from "vitest";
import type { LogLine } from "#test/lab/log-file.ts";
import { HOPS, hopsOf, type Journey, meanHops, totalOf } from "./hops.ts";

const JOURNEY: Journey = {
  name: "web",
  ip: "203.0.113.1",
  resourceVersion: "7",
  heardAtMs: 1_000,
  answeredAtMs: 1_020,
};

const CONTROLLER: readonly LogLine[] = [
  { msg: "watched object changed", atMs: 990, resourceVersion: "6" },
  { msg: "watched object changed", atMs: 1_001, resourceVersion: "7" },
  { msg: "decided", atMs: 1_001.5, service: "default/other" },
  { msg: "decided", atMs: 1_002, service: "default/web" },
  { msg: "status written", atMs: 1_006, service: "default/web", resourceVersion: "8" },
];

const SPEAKER: readonly LogLine[] = [
  { msg: "watched object changed", atMs: 1_001, resourceVersion: "7" },
  { msg: "watched object changed", atMs: 1_007, resourceVersion: "8" },
  { msg: "row sent to the network thread", atMs: 1_008, service: "default/web" },
  { msg: "filter set", atMs: 1_008.5, link: "eth0" },
  { msg: "row taken by the network thread", atMs: 1_010, service: "default/web" },
  { msg: "filter set", atMs: 1_010.5, link: "mgmt0" },
  { msg: "filter set", atMs: 1_013, link: "eth0" },
];

test("follows a Service through the logs, from hop to hop", () => {
  const hops = hopsOf(JOURNEY, CONTROLLER, SPEAKER);
  expect(HOPS.map((hop) => hops[hop])).toEqual([1, 1, 4, 1, 1, 2, 3, 7]);
  expect(totalOf(hops)).toBe(20);
});

test("begins when the controller sees the Service, if its creator hears later", () => {
  const hops = hopsOf({ ...JOURNEY, heardAtMs: 1_003 }, CONTROLLER, SPEAKER);
  expect(HOPS.map((hop) => hops[hop])).toEqual([0, 1, 4, 1, 1, 2, 3, 7]);
});

test("ends the PATCH when the speaker sees the address, if its answer comes later", () => {
  const late = CONTROLLER.map((line) =>
    line["msg"] === "status written" ? { ...line, atMs: 1_030 } : line,
  );
  const hops = hopsOf(JOURNEY, late, SPEAKER);
  expect(HOPS.map((hop) => hops[hop])).toEqual([1, 1, 5, 0, 1, 2, 3, 7]);
});

test("says which line a log lacks", () => {
  expect(() => hopsOf(JOURNEY, CONTROLLER, SPEAKER.slice(0, 2))).toThrow(
    'A log has no line "row sent to the network thread" with {"service":"default/web"}',
  );
});

test("the means of the hops add up to the mean of the totals", () => {
  const one = hopsOf(JOURNEY, CONTROLLER, SPEAKER);
  const other = hopsOf({ ...JOURNEY, answeredAtMs: 1_030 }, CONTROLLER, SPEAKER);
  expect(totalOf(meanHops([one, other]))).toBe(25);
});
