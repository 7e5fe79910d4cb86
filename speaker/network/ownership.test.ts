import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { beforeEach, describe, expect, test } from "vitest";
import type { Role } from "#lib/election/role.ts";
import type { Row } from "./messages.ts";
import { Ownership, type Transfer } from "./ownership.ts";
import { HEAP_LIMITS } from "./start.ts";
import { FakeSeat } from "./testing/fake-seat.ts";

const ADDRESS = "192.0.2.10";
const OTHER = "192.0.2.11";
const ADDRESS6 = "2001:db8::10";

const ROW: Row = { service: "default/web", ips: [ADDRESS], order: ["n1", "n2"] };
const OWN: Role = { kind: "own" };
const DIED = { because: "n2 is dead: no heartbeat for 512 ms", afterMs: 512 };

let seat: FakeSeat;
let told: Transfer[];
let ownership: Ownership;

beforeEach(() => {
  seat = new FakeSeat();
  told = [];
  ownership = new Ownership("n1", seat, (transfers) => told.push(...transfers));
});

function put(...rows: readonly Row[]): void {
  for (const row of rows) {
    ownership.put(row);
  }
}

/** As the claimant tells it: the role first. */
function setOwner(
  group: string,
  owner: string,
  role: Role | undefined,
  cause: { because: string; afterMs?: number } = { because: "it was so" },
): void {
  seat.setOwner(group, owner, role);
  ownership.roleChanged(group);
  ownership.ownerChanged(group, owner, cause);
}

/** What this node does, and for which links. */
function partIn(ip = ADDRESS) {
  const part = ownership.partIn(ip);
  return part && { role: part.role.kind, on: part.on.map(({ links }) => links ?? "every link") };
}

/** The nodes that may have the group, in order. */
function orderOf(group: string): readonly string[] {
  return [...(seat.demands.get(group)?.order ?? [])];
}

describe("an address", () => {
  test("is nothing to this node before its group is claimed", () => {
    put(ROW);
    expect(partIn()).toBeUndefined();
  });

  test.for<Role>([{ kind: "own" }, { kind: "voice", of: "n2" }, { kind: "listen" }])(
    "is to this node what its group is: $kind",
    (role) => {
      put(ROW);
      setOwner(ADDRESS, "n2", role);
      expect(ownership.partIn(ADDRESS)?.role).toEqual(role);
    },
  );

  test("is answered on the links of its row only", () => {
    put({ ...ROW, links: ["eth1"] });
    setOwner(ADDRESS, "n1", OWN);
    expect(partIn()).toEqual({ role: "own", on: [["eth1"]] });
  });

  test("that two Services share is answered where either says so", () => {
    put(
      { ...ROW, service: "default/a", links: ["eth0"] },
      { ...ROW, service: "default/b", links: ["eth1"] },
    );
    setOwner(ADDRESS, "n1", OWN);
    expect(partIn()).toEqual({ role: "own", on: [["eth0"], ["eth1"]] });
    ownership.remove("default/a");
    expect(partIn()).toEqual({ role: "own", on: [["eth1"]] });
  });

  test("is nobody's when its Service is gone", () => {
    put(ROW);
    setOwner(ADDRESS, "n1", OWN);
    ownership.remove("default/web");
    expect(partIn()).toBeUndefined();
    expect([...ownership.addresses()]).toEqual([]);
    expect([ownership.has(ADDRESS), ownership.groupOf(ADDRESS)]).toEqual([false, undefined]);
  });

  test("of either family counts, and belongs to the group of the Service", () => {
    put({ ...ROW, ips: [ADDRESS6, ADDRESS] });
    expect([...ownership.addresses()]).toEqual([ADDRESS6, ADDRESS]);
    expect(ownership.groupOf(ADDRESS6)).toBe(ADDRESS);
  });

  test("is contested when its row says so, and the others of the row are in doubt", () => {
    put({ ...ROW, ips: [ADDRESS, ADDRESS6], contested: [ADDRESS6] });
    setOwner(ADDRESS, "n1", OWN);
    expect(ownership.partIn(ADDRESS6)).toMatchObject({ isContested: true, isDoubtful: true });
    expect(ownership.partIn(ADDRESS)).toMatchObject({ isContested: false, isDoubtful: true });
    expect([ADDRESS6, ADDRESS6].map((ip) => ownership.takeNewlyContested(ip))).toEqual([
      true,
      false,
    ]);
  });
});

describe("what is demanded for a group", () => {
  test("is a node that every Service of it allows, in the order of the first", () => {
    put({ ...ROW, service: "default/a", order: ["n3", "n2", "n1"] });
    put({ ...ROW, service: "default/b", order: ["n1", "n2"] });
    expect(orderOf(ADDRESS)).toEqual(["n2", "n1"]);
  });

  test("is a node that the first allows, where no node is allowed by all", () => {
    put({ ...ROW, service: "default/a", order: ["n3"] });
    put({ ...ROW, service: "default/b", order: ["n1"] });
    expect(orderOf(ADDRESS)).toEqual(["n3"]);
  });

  test("is a subnet of the address where a row wants one", () => {
    seat.elsewhere.add("n2");
    const canAnswer = () => ["n1", "n2"].map((node) => seat.demands.get(ADDRESS)?.canAnswer(node));
    put(ROW);
    expect(canAnswer()).toEqual([true, true]);
    put({ ...ROW, onSubnetOnly: true });
    expect(canAnswer()).toEqual([true, false]);
  });

  test("is told again when subnets changed, where that matters", () => {
    put(ROW, { ...ROW, service: "default/near", ips: [OTHER], onSubnetOnly: true });
    seat.demands.clear();
    ownership.subnetsChanged();
    expect([...seat.demands.keys()]).toEqual([OTHER]);
  });
});

describe("an address that was just allocated", () => {
  const allocated: Row = { ...ROW, order: ["n2", "n1"], isNew: true };

  test("is in use for the first time with its first owner", () => {
    put(allocated);
    setOwner(ADDRESS, "n1", OWN);
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(true);
  });

  test("is not with its second", () => {
    put(allocated);
    setOwner(ADDRESS, "n2", { kind: "listen" });
    setOwner(ADDRESS, "n1", OWN);
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(false);
  });

  test("is not where it joins a Service that has it already", () => {
    put({ ...allocated, service: "default/new" }, { ...ROW, service: "default/old" });
    setOwner(ADDRESS, "n1", OWN);
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(false);
  });

  test("is nobody's first use where another answers for it", () => {
    put(allocated);
    setOwner(ADDRESS, "n2", { kind: "voice", of: "n2" });
    expect(ownership.partIn(ADDRESS)?.isNew).toBe(false);
  });
});

describe("a transfer", () => {
  test("says from whom, to whom, why and after how long", () => {
    put(ROW);
    setOwner(ADDRESS, "n2", undefined);
    told = [];
    setOwner(ADDRESS, "n1", OWN, DIED);
    const change = { service: "default/web", from: "n2", to: "n1", ...DIED };
    expect(told).toEqual([{ change, ips: [ADDRESS] }]);
  });

  test("is not told when the owner stays", () => {
    put(ROW);
    setOwner(ADDRESS, "n1", OWN);
    told = [];
    put({ ...ROW, order: ["n1"] });
    setOwner(ADDRESS, "n1", OWN);
    expect(told).toEqual([]);
  });

  test("tells of the end of a row, once", () => {
    put(ROW);
    setOwner(ADDRESS, "n1", OWN);
    told = [];
    ownership.remove("default/web");
    ownership.remove("default/web");
    expect(told.map(({ change }) => change)).toEqual([
      {
        service: "default/web",
        from: "n1",
        to: undefined,
        because: "the Service is no longer announced",
      },
    ]);
  });

  test("tells the owner of a group to a Service that joins it", () => {
    put({ ...ROW, service: "default/a" });
    setOwner(ADDRESS, "n2", undefined);
    told = [];
    put({ ...ROW, service: "default/b" });
    expect(told.map(({ change }) => [change.service, change.from, change.to])).toEqual([
      ["default/b", undefined, "n2"],
    ]);
  });

  test("of other addresses ends the old ones", () => {
    put(ROW);
    setOwner(ADDRESS, "n1", OWN);
    told = [];
    put({ ...ROW, ips: [OTHER] });
    expect(told.map(({ change, ips }) => [change.from, change.to, ips])).toEqual([
      ["n1", undefined, [ADDRESS]],
    ]);
    expect([...seat.demands.keys()]).toEqual([OTHER]);
  });
});

test("notes the addresses that this node lost, also when it owns them again", () => {
  put(ROW);
  setOwner(ADDRESS, "n1", OWN);
  setOwner(ADDRESS, "n2", undefined);
  setOwner(ADDRESS, "n1", OWN);
  expect([ownership.takeLost(ADDRESS), ownership.takeLost(ADDRESS)]).toEqual([true, false]);
});

test("names the addresses to look at again, once", () => {
  put(ROW);
  expect(ownership.takeTouched()).toEqual(new Set([ADDRESS]));
  expect(ownership.takeTouched()).toEqual(new Set());
  setOwner(ADDRESS, "n1", OWN);
  put({ ...ROW, service: "default/other", ips: [OTHER] });
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
