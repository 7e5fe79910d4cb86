import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { claimAll } from "./claim.ts";
import { decide } from "./decide.ts";
import { MAX_RELEASED, ReleasedAddresses } from "./released-addresses.ts";
import {
  annotated,
  converge,
  outcome,
  type PoolSpecs,
  PREFER_DUAL,
  poolsOf,
  withPools,
} from "./testing/fixture.ts";

const LAB = { lab: ["192.0.2.0/29", "2001:db8::/125"] };
const WEB = "default/web";

/** default/web had an address, others have lower ones no more, and it is gone. */
function departed(specs: PoolSpecs = LAB, fields: Partial<Service> = {}) {
  const allocations = withPools(specs);
  converge(allocations, service("default/first"));
  const web = converge(allocations, service(WEB, fields));
  allocations.forget(WEB);
  allocations.forget("default/first");
  return { allocations, had: web.ingress };
}

describe("a Service made again under its name", () => {
  it("gets the address that it had", () => {
    const { allocations, had } = departed();

    expect(had).toEqual(["192.0.2.1"]);
    expect(decide(allocations, service(WEB))).toMatchObject({
      ips: [parseIp("192.0.2.1")],
      why: "the Service had it before",
    });
  });

  it("gets both that it had", () => {
    const { allocations, had } = departed(LAB, PREFER_DUAL);

    expect(converge(allocations, service(WEB, PREFER_DUAL)).ingress).toEqual(had);
  });

  it("gets the one that it had and the lowest of its new family", () => {
    const { allocations } = departed();

    expect(converge(allocations, service(WEB, PREFER_DUAL)).ingress).toEqual([
      "192.0.2.1",
      "2001:db8::",
    ]);
  });

  it.each<[string, Partial<Service>, readonly string[]]>([
    ["asks for another", annotated({ loadBalancerIPs: "192.0.2.3" }), ["192.0.2.3"]],
    ["asks for another pool", annotated({ "address-pool": "other" }), ["198.51.100.0"]],
    ["is of another family now", { clusterIps: ["fd00::1"], ipFamilies: ["IPv6"] }, ["2001:db8::"]],
  ])("does not when it %s", (_, fields, expected) => {
    const { allocations } = departed({ ...LAB, other: ["198.51.100.0/30"] });

    expect(converge(allocations, service(WEB, fields)).ingress).toEqual(expected);
  });

  it("does not when another has it", () => {
    const { allocations } = departed();
    converge(allocations, service("default/api", annotated({ loadBalancerIPs: "192.0.2.1" })));

    expect(converge(allocations, service(WEB)).ingress).toEqual(["192.0.2.0"]);
  });

  it.each<[string, PoolSpecs]>([
    ["gives only to those that ask", { lab: { addresses: ["192.0.2.0/29"], autoAssign: false } }],
    [
      "serves another namespace",
      { lab: { addresses: ["192.0.2.0/29"], serviceAllocation: { namespaces: ["shop"] } } },
    ],
    ["has it no more", { lab: ["192.0.2.4/30"] }],
  ])("does not when its pool %s", (_, specs) => {
    const { allocations } = departed();
    allocations.setPools(poolsOf({ ...specs, other: ["198.51.100.0/30"] }));

    expect(outcome(decide(allocations, service(WEB)))).not.toEqual(["192.0.2.1"]);
  });

  it("gets it although its pool was gone meanwhile", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/first"));
    const web = converge(allocations, service(WEB));
    allocations.setPools([]);
    const pending = converge(allocations, {
      ...web,
      ...annotated({ "ip-allocated-from-pool": "lab" }),
    });
    expect(pending.ingress).toEqual([]);
    allocations.forget("default/first");

    allocations.setPools(poolsOf(LAB));

    expect(converge(allocations, service(WEB)).ingress).toEqual(["192.0.2.1"]);
  });

  it("gets it although the controller started while its pool was gone", () => {
    const allocations = withPools({});
    const had = { ingress: ["192.0.2.5"], ...annotated({ "ip-allocated-from-pool": "lab" }) };
    claimAll(allocations, [service(WEB, had)]);
    allocations.setPools(poolsOf(LAB));

    expect(converge(allocations, service(WEB)).ingress).toEqual(["192.0.2.5"]);
  });

  it("gets the address that it shared, although others use it still and a node has changed", () => {
    const blue = annotated({ "allow-shared-ip": "blue" });
    const allocations = withPools(LAB);
    converge(allocations, service("default/first"));
    const stays = service("default/stays", { ...blue, ports: [port(443)] });
    converge(allocations, service(WEB, blue));
    converge(allocations, stays);
    allocations.forget(WEB);
    allocations.forget("default/first");
    allocations.setNodeAddresses([parseIp("203.0.113.1")]);

    expect(converge(allocations, service(WEB, blue)).ingress).toEqual(["192.0.2.1"]);
  });

  it("gets what it had last", () => {
    const { allocations } = departed();
    converge(allocations, service(WEB, annotated({ loadBalancerIPs: "192.0.2.5" })));
    allocations.forget(WEB);

    expect(converge(allocations, service(WEB)).ingress).toEqual(["192.0.2.5"]);
  });
});

describe("the memory", () => {
  it("forgets what was released longest ago", () => {
    const released = new ReleasedAddresses();
    for (let index = 0; index <= MAX_RELEASED; index += 1) {
      released.add(`default/s${index}`, [{ family: "IPv4", value: BigInt(index) }], index);
    }

    expect([...released]).toHaveLength(MAX_RELEASED);
    expect(released.lastOf("default/s0")).toEqual([]);
    expect(released.lastOf("default/s1")).toHaveLength(1);
  });

  it("is restored in an order of its own, pairs together", () => {
    const pair = [parseIp("192.0.2.1"), parseIp("2001:db8::1")];
    const before = new ReleasedAddresses();
    before.add("default/api", [parseIp("192.0.2.9")], 1);
    before.add(WEB, pair, 2);
    const after = new ReleasedAddresses();
    after.restore(before);

    expect(after.lastOf(WEB)).toEqual(pair);
    expect([...after]).toEqual([...before]);
    expect(after.count).toBe(0);
  });
});

describe("a pool that holds back what was released", () => {
  const held = { lab: { addresses: ["192.0.2.0/30"] } };
  const MINUTE_MS = 60_000;

  /** 192.0.2.0 was released at the time 0, and is held back for a minute. */
  function holding() {
    let nowMs = 0;
    const allocations = withPools(held, () => nowMs);
    allocations.setPools(poolsOf(held).map((pool) => ({ ...pool, holdReleasedMs: MINUTE_MS })));
    converge(allocations, service(WEB));
    allocations.forget(WEB);
    const pass = (ms: number) => {
      nowMs += ms;
    };
    return { allocations, pass };
  }

  it("gives it to others when nothing else is free", () => {
    const { allocations } = holding();
    const others = ["a", "b", "c", "d"].map((name) =>
      converge(allocations, service(`default/${name}`)),
    );

    expect(others.map(({ ingress }) => ingress[0])).toEqual([
      "192.0.2.1",
      "192.0.2.2",
      "192.0.2.3",
      "192.0.2.0",
    ]);
  });

  it("gives it to others when its time has come", () => {
    const { allocations, pass } = holding();
    pass(MINUTE_MS - 1);
    expect(outcome(decide(allocations, service("default/a")))).toEqual(["192.0.2.1"]);
    pass(1);
    expect(outcome(decide(allocations, service("default/a")))).toEqual(["192.0.2.0"]);
  });

  it("gives it at once to who had it, and to who asks for it", () => {
    const { allocations } = holding();
    const asks = service("default/a", annotated({ loadBalancerIPs: "192.0.2.0" }));

    expect(outcome(decide(allocations, service(WEB)))).toEqual(["192.0.2.0"]);
    expect(outcome(decide(allocations, asks))).toEqual(["192.0.2.0"]);
  });

  it("holds it back when the pool comes to do so after the release", () => {
    const allocations = withPools(held);
    converge(allocations, service(WEB));
    allocations.forget(WEB);
    allocations.setPools(poolsOf(held).map((pool) => ({ ...pool, holdReleasedMs: MINUTE_MS })));

    expect(outcome(decide(allocations, service("default/a")))).toEqual(["192.0.2.1"]);
  });
});
