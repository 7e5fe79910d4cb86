import { beforeEach, describe, expect, test } from "vitest";
import type { Row, ToNetwork } from "./network/messages.ts";
import { NetworkTable } from "./network-table.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";

const WEB: Row = { service: "default/web", ips: ["192.0.2.10"], order: ["n1", "n2"] };
const API: Row = { service: "shop/api", ips: ["192.0.2.11"], order: ["n2", "n1"] };
const MEMBERS = [{ name: "n1", addresses: ["192.0.2.1"] }];
const STATE = Uint8Array.of(1, 2, 3);
const SNAPSHOT: Snapshot = {
  takenAtMs: 0,
  rows: [WEB, API],
  members: MEMBERS,
  draining: "n1 is in maintenance",
  network: STATE,
};

let sent: ToNetwork[];
let changes: number;
let table: NetworkTable;

beforeEach(() => {
  sent = [];
  changes = 0;
  table = new NetworkTable({
    send: (message) => sent.push(message),
    changed: () => {
      changes += 1;
    },
  });
});

test("tells what is new, and only that", () => {
  for (let round = 0; round < 2; round += 1) {
    table.setMembers(MEMBERS);
    table.setDraining(undefined);
    table.put(WEB);
    table.put({ ...WEB, isNew: true });
    table.remove("default/gone");
    table.ready();
  }
  expect(sent).toEqual([
    { kind: "members", members: MEMBERS },
    { kind: "put", row: WEB },
    { kind: "ready" },
  ]);
  expect(changes).toBe(sent.length);
});

test("tells of what goes", () => {
  table.put(WEB);
  table.setDraining("n1 is in maintenance");
  table.setDraining(undefined);
  table.remove("default/web");
  expect(sent.slice(1)).toEqual([
    { kind: "draining", because: "n1 is in maintenance" },
    { kind: "draining", because: undefined },
    { kind: "remove", service: "default/web" },
  ]);
  expect(table.row("default/web")).toBeUndefined();
});

describe("a table that resumes", () => {
  beforeEach(() => {
    table.resume(SNAPSHOT);
  });

  test("tells all of the snapshot, and to begin last", () => {
    expect(sent).toEqual([
      { kind: "resume", bytes: STATE },
      { kind: "members", members: MEMBERS },
      { kind: "draining", because: "n1 is in maintenance" },
      { kind: "put", row: WEB },
      { kind: "put", row: API },
      { kind: "ready" },
    ]);
  });

  test("is then brought to what the cluster says, by what differs alone", () => {
    sent.length = 0;
    const members = [...MEMBERS, { name: "n2", addresses: [] }];
    const changed = { ...WEB, order: ["n2", "n1"] };
    table.setMembers(members);
    table.setDraining("n1 is in maintenance");
    table.put(changed);
    expect(table.keepOnly(new Set(["default/web"]))).toBe(1);
    table.ready();
    expect(sent).toEqual([
      { kind: "members", members },
      { kind: "put", row: changed },
      { kind: "remove", service: "shop/api" },
    ]);
  });

  test("has it all for the next snapshot", () => {
    const { takenAtMs: _, ...taken } = SNAPSHOT;
    expect(table.take()).toEqual(taken);
  });
});

test("keeps what the cluster has said of its nodes already when it resumes", () => {
  const members = [{ name: "n3", addresses: [] }];
  table.setMembers(members);
  table.resume(SNAPSHOT);
  expect(table.take()).toMatchObject({ members, draining: undefined });
});

describe("what is kept for the next speaker", () => {
  test("is nothing until the network thread has begun", () => {
    table.put(WEB);
    table.setMembers(MEMBERS);
    expect(table.take()).toBeUndefined();
    table.ready();
    expect(table.take()).toEqual({ rows: [WEB], members: MEMBERS });
  });

  test("holds what the network thread said last", () => {
    table.ready();
    const before = changes;
    table.keepState(STATE);
    expect(table.take()?.network).toBe(STATE);
    expect(changes).toBe(before + 1);
  });
});
