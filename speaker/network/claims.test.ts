import { beforeEach, expect, test } from "vitest";
import { type Claim, Claims } from "./claims.ts";

const CLAIM: Claim = { ip: "192.0.2.10", mac: "02:00:00:00:00:12", link: "eth0" };

let known: Set<string>;
let isNodeUnheard: boolean;
let held: [ip: string, judgeAt: number][];
let foreign: Claim[];
let claims: Claims;

beforeEach(() => {
  known = new Set();
  isNodeUnheard = true;
  held = [];
  foreign = [];
  claims = new Claims({
    mayBeNode: () => isNodeUnheard,
    isOfCluster: (mac) => known.has(mac),
    held: (ip, judgeAt) => held.push([ip, judgeAt]),
    foreign: (claim) => foreign.push(claim),
  });
});

test("a claim is a foreign host's at once when every node is known", () => {
  isNodeUnheard = false;
  claims.hear(CLAIM, 0);
  expect(foreign).toEqual([CLAIM]);
  expect(claims.nextDeadline).toBeUndefined();
});

test("the claim of a known node is none", () => {
  known.add(CLAIM.mac);
  claims.hear(CLAIM, 0);
  expect([foreign, held]).toEqual([[], []]);
});

test("the claim of a node that introduces itself soon is none", () => {
  claims.hear(CLAIM, 0);
  known.add(CLAIM.mac);
  claims.tick(claims.nextDeadline ?? 0);
  expect(foreign).toEqual([]);
  expect(claims.nextDeadline).toBeUndefined();
});

test("the claim of one that stays unknown is a foreign host's, within a second", () => {
  claims.hear(CLAIM, 0);
  claims.hear({ ...CLAIM, link: "eth1" }, 100);
  expect(held).toEqual([[CLAIM.ip, 800]]);
  claims.tick(799);
  expect(foreign).toEqual([]);
  claims.tick(800);
  expect(foreign).toEqual([CLAIM]);
  claims.tick(5_000);
  expect(foreign).toHaveLength(1);
});

test("claims to many addresses are held apart, and not without bound", () => {
  for (let index = 0; index < 2_000; index++) {
    claims.hear({ ...CLAIM, ip: `10.0.${index >> 8}.${index & 255}` }, index);
  }
  claims.tick(800);
  expect(foreign.map(({ ip }) => ip)).toEqual(["10.0.0.0"]);
  claims.tick(10_000);
  expect(foreign).toHaveLength(1_024);
});
