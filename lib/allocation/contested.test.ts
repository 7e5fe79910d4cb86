import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { type AddressConflict, conflictCondition } from "#lib/api/address-conflict.ts";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { claimAll } from "./claim.ts";
import { setAsideFor } from "./contested.ts";
import { decide } from "./decide.ts";
import {
  annotated,
  converge,
  outcome,
  type PoolSpecs,
  PREFER_DUAL,
  poolsOf,
  REQUIRE_DUAL,
  withPools,
} from "./testing/fixture.ts";

const WEB = "default/web";
const LAB = { lab: ["192.0.2.0/30", "2001:db8::/126"] };
const ONE = { lab: ["192.0.2.0/32"] };
const HOLD_MS = 600_000;
const HOST = "Another host (02:42:ac:11:00:07, heard by n2 on eth0)";

/** As a speaker tells it, of the first address unless another is named. */
function told(given: Service, fields: Partial<AddressConflict> = {}): Service {
  const [ip = ""] = given.ingress;
  const host = { mac: "02:42:ac:11:00:07", node: "n2", link: "eth0", when: "first-use" } as const;
  const condition = conflictCondition({ ip, ...host, ...fields });
  const lastTransitionTime = "2026-01-02T03:04:05Z";
  return { ...given, conditions: [{ ...condition, lastTransitionTime }] };
}

/** default/web has an address that another host uses, and the controller has heard of it. */
function contested(
  fields: Partial<Service> = {},
  specs: PoolSpecs = LAB,
  conflict: Partial<AddressConflict> = {},
) {
  let nowMs = 0;
  const allocations = withPools(specs, () => nowMs);
  const web = told(converge(allocations, service(WEB, fields)), conflict);
  const found = setAsideFor(allocations, web);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { allocations, web, found, pass, decision: decide(allocations, web) };
}

describe("a Service at whose address another host was found", () => {
  it("gets another, and is told what becomes of the address", () => {
    const { decision, found } = contested();

    expect(found).toMatchObject({ ip: "192.0.2.0" });
    expect(outcome(decision)).toEqual(["192.0.2.1"]);
    expect(decision.loss).toEqual({
      reason: "AddressConflict",
      ips: ["192.0.2.0"],
      message: `${HOST} already uses 192.0.2.0: it is set aside for 10m, default/web gets 192.0.2.1`,
    });
  });

  it.each<[string, Partial<Service>, PoolSpecs, readonly string[], string]>([
    [
      "keeps that of the other family, with another of this one",
      REQUIRE_DUAL,
      LAB,
      ["192.0.2.1", "2001:db8::"],
      "default/web gets 192.0.2.1",
    ],
    [
      "keeps that of the other family alone when there is no second one",
      PREFER_DUAL,
      { lab: ["192.0.2.0/32", "2001:db8::/126"] },
      ["2001:db8::"],
      "default/web keeps 2001:db8:: alone",
    ],
    [
      "gets a pair of another pool when it needs both",
      REQUIRE_DUAL,
      { lab: ["192.0.2.0/32", "2001:db8::/126"], other: ["198.51.100.0/30", "2001:db8:1::/126"] },
      ["198.51.100.0", "2001:db8:1::"],
      "default/web gets 198.51.100.0 and 2001:db8:1::",
    ],
    [
      "gets one of another pool that serves it",
      {},
      { ...ONE, other: ["198.51.100.0/30"] },
      ["198.51.100.0"],
      "default/web gets 198.51.100.0",
    ],
  ])("%s", (_, fields, specs, ips, end) => {
    const { decision } = contested(fields, specs);

    expect(outcome(decision)).toEqual(ips);
    expect(decision.loss?.message).toBe(
      `${HOST} already uses 192.0.2.0: it is set aside for 10m, ${end}`,
    );
  });

  it("waits when nothing else is left, and is told how many are set aside", () => {
    const { decision } = contested({}, ONE);

    expect(decision).toMatchObject({
      reason: "PoolExhausted",
      message:
        'Every address of pool "lab" that default/web may use is taken, and one more is set aside, for another host uses it: widen the pool, or delete a Service that uses it',
      tried: [{ because: "IPv4 exhausted: 0 of 1 free, 1 set aside", setAside: 1 }],
      loss: {
        message: `${HOST} already uses 192.0.2.0: it is set aside for 10m, and no other is left for default/web`,
      },
    });
  });

  it("is told how many are set aside in all pools that have no other", () => {
    const { allocations, web } = contested({}, { ...ONE, other: ["198.51.100.0/32"] });
    const moved = told(converge(allocations, web));
    setAsideFor(allocations, moved);

    expect(decide(allocations, moved)).toMatchObject({
      message:
        'Every address of the pools "lab", "other" that default/web may use is taken, and 2 more are set aside, for other hosts use them: widen a pool, or delete a Service that uses one',
    });
  });

  it("gets what was decided before, when that is not written yet", () => {
    const { allocations, web } = contested({}, { lab: ["192.0.2.0/30"] });
    const low = service("default/low", annotated({ loadBalancerIPs: "192.0.2.1" }));
    converge(allocations, low);
    converge(allocations, web);
    allocations.forget("default/low");

    expect(outcome(decide(allocations, web))).toEqual(["192.0.2.2"]);
  });

  it("gets it again at the earliest when its time is over", () => {
    const { allocations, web, pass } = contested({}, ONE);
    const waits = { ...converge(allocations, web), conditions: [] };
    expect(waits.ingress).toEqual([]);
    pass(HOLD_MS - 1);
    expect(outcome(decide(allocations, waits))).toBe("PoolExhausted");
    pass(1);
    expect(outcome(decide(allocations, waits))).toEqual(["192.0.2.0"]);
  });

  it("has left it after a restart too", () => {
    const { web } = contested();
    const after = withPools(LAB);
    claimAll(after, [web]);

    expect(outcome(decide(after, web))).toEqual(["192.0.2.1"]);
    expect(after.usage).toMatchObject([{ inUse: { IPv4: 1n }, setAside: 1 }]);
  });
});

describe("a Service stays although another host uses its address", () => {
  it.each<[string, Partial<Service>, Partial<AddressConflict>?]>([
    ["when it asks for it", annotated({ loadBalancerIPs: "192.0.2.0" })],
    ["when it asks for it in its spec", { loadBalancerIp: "192.0.2.0" }],
    ["when that came later", {}, { when: "in-use" }],
    ["when it is told of an address that it has not", {}, { ip: "192.0.2.1" }],
  ])("%s", (_, fields, conflict) => {
    const { allocations, decision, found } = contested(fields, LAB, conflict);

    expect(outcome(decision)).toEqual(["192.0.2.0"]);
    expect(decision.loss).toBeUndefined();
    expect(found).toBeUndefined();
    expect(allocations.usage).toMatchObject([{ setAside: 0 }]);
  });

  it("when what it asks for cannot be read", () => {
    const { allocations, web } = contested();
    const asks = { ...web, ...annotated({ loadBalancerIPs: "web" }) };

    expect(outcome(decide(allocations, asks))).toEqual(["192.0.2.0"]);
  });
});

describe("an address that is set aside", () => {
  it("is what a Service gets that asks for it, and no other", () => {
    const { allocations, web } = contested();
    converge(allocations, web);

    const asks = annotated({ loadBalancerIPs: "192.0.2.0" });
    expect(outcome(decide(allocations, service("default/next")))).toEqual(["192.0.2.2"]);
    // The status of web shows it still.
    allocations.allocate({ ...web, ingress: ["192.0.2.1"] }, [parseIp("192.0.2.1")]);
    expect(outcome(decide(allocations, service("default/asks", asks)))).toEqual(["192.0.2.0"]);
  });

  it("is set aside when the Service asks for another meanwhile", () => {
    const { allocations, web } = contested();
    const asks = { ...web, ...annotated({ loadBalancerIPs: "192.0.2.3" }) };

    expect(outcome(decide(allocations, asks))).toEqual(["192.0.2.3"]);
    expect(decide(allocations, asks).loss).toMatchObject({ reason: "ClearAssignment" });
    expect(allocations.usage).toMatchObject([{ setAside: 1 }]);
  });

  it("is joined by nobody who would share it, and left by each that does when it is told", () => {
    const shares = (number: number) => ({
      ...annotated({ "allow-shared-ip": "blue" }),
      ports: [port(number)],
    });
    const allocations = withPools(LAB);
    const web = converge(allocations, service(WEB, shares(80)));
    const other = converge(allocations, service("default/other", shares(81)));
    expect(other.ingress).toEqual(web.ingress);

    setAsideFor(allocations, told(web));
    expect(converge(allocations, told(web)).ingress).toEqual(["192.0.2.1"]);
    const next = service("default/next", shares(82));
    expect(converge(allocations, next).ingress).toEqual(["192.0.2.1"]);
    expect(converge(allocations, other).ingress).toEqual(["192.0.2.0"]);
    expect(setAsideFor(allocations, told(other))).toBeUndefined();
    expect(converge(allocations, told(other)).ingress).toEqual(["192.0.2.1"]);
  });

  it("does not come back to the Service that had it", () => {
    const { allocations, web } = contested();
    converge(allocations, web);
    allocations.forget(WEB);

    expect(outcome(decide(allocations, service(WEB)))).toEqual(["192.0.2.1"]);
  });

  it("stays so when the pools change", () => {
    const { allocations, web, pass } = contested();
    converge(allocations, web);
    allocations.forget(WEB);
    allocations.setPools(poolsOf({ lab: ["192.0.2.0/24"] }));

    expect(outcome(decide(allocations, service("default/next")))).toEqual(["192.0.2.1"]);
    pass(HOLD_MS);
    expect(outcome(decide(allocations, service("default/next")))).toEqual(["192.0.2.0"]);
    expect(allocations.usage).toMatchObject([{ setAside: 0 }]);
  });
});
