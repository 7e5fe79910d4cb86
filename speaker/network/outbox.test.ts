import { beforeEach, expect, test } from "vitest";
import type { FromNetwork } from "./messages.ts";
import { NetworkLog } from "./network-log.ts";
import { MAX_WAITING, Outbox } from "./outbox.ts";

let posted: FromNetwork[];
let taken: number;
let outbox: Outbox;

beforeEach(() => {
  posted = [];
  taken = 0;
  outbox = new Outbox(
    (messages) => posted.push(...messages),
    () => taken,
  );
});

function stall(): void {
  for (let count = 0; count < MAX_WAITING; count++) {
    outbox.log("info", "announcing", {});
  }
  outbox.flush();
  posted = [];
}

function takeAll(): void {
  taken += MAX_WAITING;
  outbox.flush();
}

function aliveOf(...nodes: readonly string[]): Extract<FromNetwork, { kind: "alive" }> {
  return { kind: "alive", nodes, dead: [], speaking: nodes, subnets: {} };
}

const CONFLICT = {
  kind: "conflict",
  conflict: { ip: "192.0.2.10", mac: "02:42:ac:11:00:07", link: "eth0", when: "in-use" },
} as const;

const CHANGE = { service: "default/web", from: "n1", to: "n2", because: "n1 is dead" };

test("hands every message on while the main thread takes them", () => {
  outbox.sendState(aliveOf("n1"));
  outbox.sendOwners([CHANGE]);
  outbox.log("info", "announcing", { ip: "192.0.2.10" });
  outbox.flush();
  expect(posted).toEqual([
    aliveOf("n1"),
    { kind: "owners", changes: [CHANGE] },
    { kind: "log", level: "info", message: "announcing", fields: { ip: "192.0.2.10" } },
  ]);
});

test("posts nothing more once too much waits", () => {
  stall();
  outbox.log("info", "announcing", {});
  outbox.sendState({ kind: "links", links: [] });
  outbox.sendOwners([CHANGE]);
  expect(posted).toEqual([]);
  expect(outbox.isHolding).toBe(true);
});

test("tells the last state, and how many lines were lost, when the main thread has caught up", () => {
  stall();
  outbox.log("info", "announcing", {});
  outbox.log("info", "announcing", {});
  outbox.sendState(aliveOf("n1"));
  outbox.sendState(aliveOf("n1", "n2"));
  takeAll();
  expect(posted).toEqual([
    aliveOf("n1", "n2"),
    {
      kind: "log",
      level: "warn",
      message: "log lines lost: the main thread was busy",
      fields: { lines: 2 },
    },
  ]);
  expect(outbox.isHolding).toBe(false);
});

test("joins the changes of one Service that were kept back into one", () => {
  stall();
  outbox.sendOwners([CHANGE]);
  outbox.sendOwners([{ ...CHANGE, from: "n2", to: "n3", because: "n2 is dead" }]);
  takeAll();
  expect(posted).toEqual([
    { kind: "owners", changes: [{ ...CHANGE, to: "n3", because: "n2 is dead" }] },
  ]);
});

test("keeps the last word on each conflict, and nothing that is of no use later", () => {
  stall();
  outbox.sendConflict(CONFLICT);
  outbox.sendConflict({ kind: "conflict-over", ip: "192.0.2.10" });
  outbox.sendConflict({ ...CONFLICT, conflict: { ...CONFLICT.conflict, ip: "192.0.2.11" } });
  outbox.sendPassing({ kind: "captured", id: 1, frames: [], ended: true });
  takeAll();
  expect(posted).toEqual([
    { kind: "conflict-over", ip: "192.0.2.10" },
    { ...CONFLICT, conflict: { ...CONFLICT.conflict, ip: "192.0.2.11" } },
  ]);
});

test("sends only the lines of a level that is wanted", () => {
  const log = new NetworkLog(outbox, "warn", () => 0);
  log.info("announcing");
  log.warn("address conflict");
  log.setLevel("debug");
  log.debug("packets dropped");
  outbox.flush();
  expect(posted.map((message) => message.kind === "log" && message.message)).toEqual([
    "address conflict",
    "packets dropped",
  ]);
});
