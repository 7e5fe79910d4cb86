import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import type { MemberChange } from "#lib/membership/membership.ts";
import type { Row } from "./messages.ts";
import { Ownership } from "./ownership.ts";
import { HEAP_LIMITS } from "./start.ts";

const ADDRESS = 0xc000_020a;
const OTHER = 0xc000_020b;

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

describe("an address", () => {
  test("is nobody's before this node has joined", () => {
    expect(ownershipOf("n1", ROW).answeredOn(ADDRESS)).toEqual(new Set());
  });

  test("is answered by the first node in order that is alive", () => {
    const ownership = ownershipOf("n1", { ...ROW, order: ["n2", "n1"] });
    ownership.setAlive(new Set(["n1", "n2"]), []);
    expect(ownership.answeredOn(ADDRESS)).toEqual(new Set());
    ownership.setAlive(new Set(["n1"]), [DIED]);
    expect(ownership.answeredOn(ADDRESS)).toBe("every link");
  });

  test("is answered on the links of its row only", () => {
    const ownership = ownershipOf("n1", { ...ROW, links: ["eth1"] });
    ownership.setAlive(new Set(["n1"]), []);
    expect(ownership.answeredOn(ADDRESS)).toEqual(new Set(["eth1"]));
  });

  test("that two Services share is answered where either says so", () => {
    const ownership = ownershipOf(
      "n1",
      { ...ROW, service: "default/a", links: ["eth0"] },
      { ...ROW, service: "default/b", links: ["eth1"] },
      { ...ROW, service: "default/c", order: ["n2"] },
    );
    ownership.setAlive(new Set(["n1", "n2"]), []);
    expect(ownership.answeredOn(ADDRESS)).toEqual(new Set(["eth0", "eth1"]));
    ownership.remove("default/a");
    expect(ownership.answeredOn(ADDRESS)).toEqual(new Set(["eth1"]));
  });

  test("is nobody's when its Service is gone", () => {
    const ownership = ownershipOf("n1", ROW);
    ownership.setAlive(new Set(["n1"]), []);
    ownership.remove("default/web");
    expect(ownership.answeredOn(ADDRESS)).toEqual(new Set());
    expect([...ownership.addresses()]).toEqual([]);
  });

  test("of the other family is left to those who speak NDP", () => {
    const ownership = ownershipOf("n1", { ...ROW, ips: ["192.0.2.10", "2001:db8::10"] });
    expect([...ownership.addresses()]).toEqual([ADDRESS]);
  });
});

describe("a transfer", () => {
  test("says from whom, to whom, why and after how long", () => {
    const ownership = ownershipOf("n1", { ...ROW, order: ["n2", "n1"] });
    ownership.setAlive(new Set(["n1", "n2"]), []);
    expect(ownership.setAlive(new Set(["n1"]), [DIED])).toEqual([
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
    ownership.setAlive(new Set(["n1"]), []);
    expect(ownership.put({ ...ROW, order: ["n1"] })).toEqual([]);
    expect(ownership.setAlive(new Set(["n1", "n2"]), [])).toEqual([]);
  });

  test("tells of the end of a row", () => {
    const ownership = ownershipOf("n1", ROW);
    ownership.setAlive(new Set(["n1"]), []);
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
    ownership.setAlive(new Set(["n1"]), []);
    const transfers = ownership.put({ ...ROW, ips: ["192.0.2.11"] });
    expect(transfers.map(({ change, ips }) => [change.from, change.to, ips])).toEqual([
      ["n1", undefined, ["192.0.2.10"]],
      [undefined, "n1", ["192.0.2.11"]],
    ]);
    expect(ownership.answeredOn(ADDRESS)).toEqual(new Set());
    expect(ownership.answeredOn(OTHER)).toBe("every link");
  });
});

test("names the addresses to look at again, once", () => {
  const ownership = ownershipOf("n1", ROW);
  ownership.setAlive(new Set(["n1"]), []);
  expect(ownership.takeTouched()).toEqual(new Set([ADDRESS]));
  expect(ownership.takeTouched()).toEqual(new Set());
  ownership.put({ ...ROW, links: ["eth1"] });
  ownership.put({ ...ROW, service: "default/other", ips: ["192.0.2.11"] });
  ownership.remove("default/other");
  expect(ownership.takeTouched()).toEqual(new Set([ADDRESS, OTHER]));
});

test("ten thousand Services that two hundred nodes may own fit into the thread's heap", async () => {
  const worker = new Worker(new URL("./lab/full-table.ts", import.meta.url), {
    workerData: 200,
    resourceLimits: HEAP_LIMITS,
  });
  expect(await once(worker, "message")).toEqual([10_000]);
}, 30_000);
