import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { NodeSubnets } from "#lib/election/node-subnets.ts";
import type { MemberChange } from "#lib/membership/membership.ts";
import type { Row } from "./messages.ts";
import { Ownership, type Transfer } from "./ownership.ts";
import { HEAP_LIMITS } from "./start.ts";

const ADDRESS = "192.0.2.10";
const OTHER = "192.0.2.11";

const ROW: Row = { service: "default/web", ips: ["192.0.2.10"], order: ["n1", "n2"] };
const DIED: MemberChange = {
  kind: "died",
  name: "n2",
  because: "n2 is dead: no heartbeat for 1,000 ms",
  silentMs: 1_012,
};

function ownershipOf(self: string, ...rows: readonly Row[]): Ownership {
  const ownership = new Ownership(self);
  for (const row of rows) {
    ownership.put(row);
  }
  return ownership;
}

function setAlive(
  ownership: Ownership,
  alive: ReadonlySet<string>,
  changes: readonly MemberChange[],
): readonly Transfer[] {
  return ownership.setNodes({ alive, subnets: new NodeSubnets(), changes });
}

/** Whether this node is to answer, and for which Services. */
function partIn(ownership: Ownership, ip = ADDRESS) {
  const part = ownership.partIn(ip);
  return part && { isOwner: part.isOwner, on: part.on.map(({ links }) => links ?? "every link") };
}

describe("an address", () => {
  test("is nobody's before this node has joined", () => {
    expect(partIn(ownershipOf("n1", ROW))).toBeUndefined();
  });

  test("is owned by the first node in order that is alive, and the next one hears of it", () => {
    const ownership = ownershipOf("n1", { ...ROW, order: ["n3", "n2", "n1"] });
    setAlive(ownership, new Set(["n1", "n2", "n3"]), []);
    expect(partIn(ownership)).toBeUndefined();
    setAlive(ownership, new Set(["n1", "n2"]), []);
    expect(partIn(ownership)).toEqual({ isOwner: false, on: ["every link"] });
    setAlive(ownership, new Set(["n1"]), [DIED]);
    expect(partIn(ownership)).toEqual({ isOwner: true, on: ["every link"] });
  });

  test("is answered on the links of its row only", () => {
    const ownership = ownershipOf("n1", { ...ROW, links: ["eth1"] });
    setAlive(ownership, new Set(["n1"]), []);
    expect(partIn(ownership)).toEqual({ isOwner: true, on: [["eth1"]] });
  });

  test("that two Services share is answered where either says so", () => {
    const ownership = ownershipOf(
      "n1",
      { ...ROW, service: "default/a", links: ["eth0"] },
      { ...ROW, service: "default/b", links: ["eth1"] },
      { ...ROW, service: "default/c", order: ["n2", "n1"] },
    );
    setAlive(ownership, new Set(["n1", "n2"]), []);
    expect(partIn(ownership)).toEqual({ isOwner: true, on: [["eth0"], ["eth1"]] });
    ownership.remove("default/a");
    expect(partIn(ownership)).toEqual({ isOwner: true, on: [["eth1"]] });
    ownership.remove("default/b");
    expect(partIn(ownership)).toEqual({ isOwner: false, on: ["every link"] });
  });

  test("is nobody's when its Service is gone", () => {
    const ownership = ownershipOf("n1", ROW);
    setAlive(ownership, new Set(["n1"]), []);
    ownership.remove("default/web");
    expect(partIn(ownership)).toBeUndefined();
    expect([...ownership.addresses()]).toEqual([]);
  });

  test("of either family counts", () => {
    const ownership = ownershipOf("n1", { ...ROW, ips: [ADDRESS, "2001:db8::10"] });
    expect([...ownership.addresses()]).toEqual([ADDRESS, "2001:db8::10"]);
  });

  test("is contested when its row says so", () => {
    const ownership = ownershipOf("n1", { ...ROW, contested: [ADDRESS] });
    setAlive(ownership, new Set(["n1"]), []);
    expect(ownership.partIn(ADDRESS)).toMatchObject({ isContested: true, isDoubtful: true });
  });

  test("is in doubt when its row says that another one is contested", () => {
    const ips = [ADDRESS, "2001:db8::10"];
    const ownership = ownershipOf("n1", { ...ROW, ips, contested: ["2001:db8::10"] });
    setAlive(ownership, new Set(["n1"]), []);
    expect(ownership.partIn(ADDRESS)).toMatchObject({ isContested: false, isDoubtful: true });
  });
});

describe("an address that was just allocated", () => {
  const allocated: Row = { ...ROW, order: ["n2", "n1"], isNew: true };

  test("is in use for the first time with its first owner", () => {
    const ownership = ownershipOf("n2", allocated);
    setAlive(ownership, new Set(["n1", "n2"]), []);
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(true);
    setAlive(ownership, new Set(["n2"]), []);
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(true);
  });

  test("is not with its second", () => {
    const ownership = ownershipOf("n1", allocated);
    setAlive(ownership, new Set(["n1", "n2"]), []);
    setAlive(ownership, new Set(["n1"]), [DIED]);
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(false);
  });

  test("is not where it joins a Service that has it already", () => {
    const ownership = ownershipOf("n2", { ...allocated, service: "default/new" });
    ownership.put({ ...ROW, order: ["n2"], service: "default/old" });
    setAlive(ownership, new Set(["n2"]), []);
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(false);
  });
});

describe("a transfer", () => {
  test("says from whom, to whom, why and after how long", () => {
    const ownership = ownershipOf("n1", { ...ROW, order: ["n2", "n1"] });
    setAlive(ownership, new Set(["n1", "n2"]), []);
    expect(setAlive(ownership, new Set(["n1"]), [DIED])).toEqual([
      {
        change: {
          service: "default/web",
          from: "n2",
          to: "n1",
          because: "n2 is dead: no heartbeat for 1,000 ms",
          afterMs: 1_012,
        },
        ips: ["192.0.2.10"],
      },
    ]);
  });

  test("is not told when the owner stays", () => {
    const ownership = ownershipOf("n1", ROW);
    setAlive(ownership, new Set(["n1"]), []);
    expect(ownership.put({ ...ROW, order: ["n1"] })).toEqual([]);
    expect(setAlive(ownership, new Set(["n1", "n2"]), [])).toEqual([]);
  });

  test("tells of the end of a row", () => {
    const ownership = ownershipOf("n1", ROW);
    setAlive(ownership, new Set(["n1"]), []);
    expect(ownership.remove("default/web").map(({ change }) => change)).toEqual([
      {
        service: "default/web",
        from: "n1",
        to: undefined,
        because: "the Service is no longer announced",
      },
    ]);
    expect(ownership.remove("default/web")).toEqual([]);
  });

  test("of other addresses ends the old ones and begins the new ones", () => {
    const ownership = ownershipOf("n1", ROW);
    setAlive(ownership, new Set(["n1"]), []);
    const transfers = ownership.put({ ...ROW, ips: ["192.0.2.11"] });
    expect(transfers.map(({ change, ips }) => [change.from, change.to, ips])).toEqual([
      ["n1", undefined, ["192.0.2.10"]],
      [undefined, "n1", ["192.0.2.11"]],
    ]);
    expect(partIn(ownership)).toBeUndefined();
    expect(partIn(ownership, OTHER)).toEqual({ isOwner: true, on: ["every link"] });
  });
});

test("names the addresses to look at again, once", () => {
  const ownership = ownershipOf("n1", ROW);
  setAlive(ownership, new Set(["n1"]), []);
  expect(ownership.takeTouched()).toEqual(new Set([ADDRESS]));
  expect(ownership.takeTouched()).toEqual(new Set());
  ownership.put({ ...ROW, links: ["eth1"] });
  ownership.put({ ...ROW, service: "default/other", ips: ["192.0.2.11"] });
  ownership.remove("default/other");
  expect(ownership.takeTouched()).toEqual(new Set([ADDRESS, OTHER]));
});

test("ten thousand Services that two hundred nodes may own fit into the thread's heap", async () => {
  const worker = new Worker(new URL("./testing/full-table.ts", import.meta.url), {
    workerData: 200,
    resourceLimits: HEAP_LIMITS,
  });
  expect(await once(worker, "message")).toEqual([10_000]);
}, 30_000);
