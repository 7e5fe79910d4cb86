import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { Lab } from "#test/lab/lab.ts";
import { ClusterUser, POOL, POOL6 } from "./cluster-user.ts";

const OF_POOL = { IPv4: /^192\.0\.2\.2[0-2]\d$/, IPv6: /^2001:db8:0:1::2/ } as const;
const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";

describe.each([
  { cluster: "single-stack", dualStack: false, pool: [POOL], families: ["IPv4"] as const },
  {
    cluster: "dual-stack",
    dualStack: true,
    pool: [POOL, POOL6],
    families: ["IPv4", "IPv6"] as const,
  },
])("the main job on a $cluster cluster", ({ dualStack, families, pool }) => {
  let lab: Lab;
  let user: ClusterUser;

  beforeAll(async () => {
    lab = await Lab.start({ dualStack, herald: { env: { HERALD_FAILBACK: "1s" } } });
    user = new ClusterUser(lab);
    await user.configure(pool);
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  /** A Service that serves, with the backend that outlives the nodes. */
  async function serve(name: string, spec: Record<string, unknown> = {}): Promise<string> {
    await user.applyService(name, { spec });
    const { lanIp, lanIp6 } = lab.backend;
    await lab.setEndpoints(name, "default", [{ ip: lanIp }, { ip: lanIp6 }]);
    return await user.address(name);
  }

  /** The addresses of a Service that wants one of each family of the cluster. */
  async function serveAll(name: string): Promise<readonly string[]> {
    await serve(name, { ipFamilyPolicy: "PreferDualStack" });
    const ips = await user.addresses(name);
    expect(ips).toEqual(families.map((family) => expect.stringMatching(OF_POOL[family])));
    return ips;
  }

  /** @throws {Error} while they are not one node's */
  async function ownerOfAll(ips: readonly string[]): Promise<string> {
    const [owner = "", ...others] = new Set(await Promise.all(ips.map((ip) => user.owner(ip))));
    expect(others).toEqual([]);
    return owner;
  }

  async function whereClientsSend(
    ips: readonly string[],
  ): Promise<readonly (string | undefined)[]> {
    return [...new Set(await Promise.all(ips.map((ip) => user.sendsTo(ip))))];
  }

  test("a Service gets an address of the pool and is told so", async () => {
    const ip = await serve("told");
    expect(ip).toMatch(OF_POOL.IPv4);
    const { metadata } = await user.service("told");
    expect(metadata?.annotations?.["metallb.io/ip-allocated-from-pool"]).toBe("lab");
    const allocated = await user.condition(
      "told",
      "herald-lb.io/AddressAllocated",
      "True",
      "Allocated",
    );
    expect(allocated).toBe(`${ip} from pool "lab"`);
    const announced = await user.condition("told", "herald-lb.io/Announced", "True", "Announced");
    expect(announced).toBe(`an eligible node answers for ${ip}`);
    await user.toldByEvent("told", "IPAllocated", `Assigned IP ["${ip}"]`);
    // The speakers have just started: the first in order may be the last to join.
    const owner = await eventually(async () => {
      const [announcer = "", ...others] = await user.announcers("told");
      return others.length === 0 && (await user.owner(ip)) === announcer && announcer;
    });
    const assigned = `announcing from node "${owner}" with protocol "layer2"`;
    await user.toldByEvent("told", "nodeAssigned", assigned);
  });

  test("the owner alone answers ARP, to broadcast and to unicast requests, and serves the page", async () => {
    const ip = await serve("page");
    const { mac } = lab.node(await user.owner(ip));
    const [client] = lab.clients;
    expect(await client?.arping(ip, { count: 3, broadcast: true })).toEqual([mac, mac, mac]);
    expect(await client?.arping(ip, { count: 3 })).toEqual([mac, mac, mac]);
    expect(await user.fetch(ip)).toContain("hello from");
  });

  test.each(families)("a Service of %s alone is announced and serves its page", async (family) => {
    const name = `only-${family.toLowerCase()}`;
    const ip = await serve(name, { ipFamilies: [family], ipFamilyPolicy: "SingleStack" });
    expect(ip).toMatch(OF_POOL[family]);
    expect(await user.addresses(name)).toEqual([ip]);
    const owner = await user.owner(ip);
    await user.condition(name, "herald-lb.io/Announced", "True", "Announced");
    expect(await user.fetch(ip)).toContain("hello from");
    expect(await user.sendsTo(ip)).toBe(owner);
  });

  test("an address moves when its owner is excluded by label, and back afterwards", async () => {
    const ip = await serve("labelled");
    const owner = await user.owner(ip);
    await lab.kubectl("label", "node", owner, `${EXCLUDE}=`);
    const next = await eventually(async () => {
      const now = await user.owner(ip);
      return now !== owner && now;
    });
    expect(await user.fetch(ip)).toContain("hello from");
    expect(await eventually(async () => (await user.announcers("labelled")).join())).toBe(next);
    await lab.kubectl("label", "node", owner, `${EXCLUDE}-`);
    await eventually(async () => (await user.owner(ip)) === owner);
  });

  test("with externalTrafficPolicy Local the address follows the endpoint, which sees the client", async () => {
    await user.applyService("local", { spec: { externalTrafficPolicy: "Local" } });
    for (const { name } of lab.nodes) {
      await lab.setEndpoints("local", "default", [{ node: name }]);
      const ip = await user.address("local");
      await eventually(async () => (await user.owner(ip)) === name);
      await eventually(async () =>
        (await user.fetch(ip)).includes(`pod on ${name}, client ${lab.clients[0]?.lanIp}`),
      );
    }
  });

  test("without endpoints nobody answers, and the condition says why", async () => {
    const ip = await serve("empty");
    await user.owner(ip);
    await lab.setEndpoints("empty", "default", []);
    await user.silence(ip);
    const message = await user.condition("empty", "herald-lb.io/Announced", "False", "NoEndpoint");
    expect(message).toBe("default/empty has no serving endpoint");
    expect(await user.addresses("empty")).toContain(ip);
    await eventually(async () => (await user.announcers("empty")).length === 0);
    await lab.setEndpoints("empty", "default", [{ ip: lab.backend.lanIp }]);
    await user.owner(ip);
  });

  test("a deleted Service is silent, leaves no trace, and its address is given again", async () => {
    const ip = await serve("deleted");
    await user.owner(ip);
    await lab.kubectl("delete", "service", "deleted");
    await user.silence(ip);
    await eventually(async () => (await user.announcers("deleted")).length === 0);
    const annotations = { "metallb.io/loadBalancerIPs": ip };
    await user.applyService("heir", { annotations });
    expect(await user.address("heir")).toBe(ip);
  });

  test("a Service that is no load balancer any more loses address, annotation and conditions", async () => {
    const ip = await serve("changed");
    await user.owner(ip);
    await user.condition("changed", "herald-lb.io/Announced", "True", "Announced");
    await lab.kubectl("patch", "service", "changed", "--patch", '{"spec":{"type":"ClusterIP"}}');
    await user.silence(ip);
    await eventually(async () => {
      const { metadata, status } = await user.service("changed");
      expect(metadata?.annotations).not.toHaveProperty("metallb.io/ip-allocated-from-pool");
      expect(status?.conditions ?? []).toEqual([]);
      expect(status?.loadBalancer?.ingress ?? []).toEqual([]);
      return true;
    });
    await lab.kubectl("patch", "service", "changed", "--patch", '{"spec":{"type":"LoadBalancer"}}');
    await user.owner(await user.address("changed"));
  });

  test("a Service that prefers both families gets an address of each that the cluster has, from one node", async () => {
    const ips = await serveAll("both");
    await ownerOfAll(ips);
  });

  test("all addresses of a Service move when their owner loses power, its clients follow without asking, and the page is there again", async () => {
    const ips = await serveAll("power");
    const owner = await ownerOfAll(ips);
    await Promise.all(ips.map((ip) => user.fetch(ip)));
    await lab.lan.unplug(owner);
    await lab.management.unplug(owner);
    const next = await eventually(async () => {
      const [node, ...others] = await whereClientsSend(ips);
      return others.length === 0 && node !== owner && node;
    });
    expect(await ownerOfAll(ips)).toBe(next);
    for (const ip of ips) {
      expect(await user.fetch(ip)).toContain("hello from");
    }
    expect(await eventually(async () => (await user.announcers("power")).join())).toBe(next);
    for (const ip of ips) {
      const moved = await lab
        .speaker(next)
        .waitForLog(
          ({ msg, ip: address, to }) => msg === "owner changed" && address === ip && to === next,
        );
      expect(moved["because"]).toMatch(new RegExp(`^${owner} is dead`));
    }
    await lab.lan.plug(owner);
    await lab.management.plug(owner);
    await eventually(async () => (await ownerOfAll(ips)) === owner);
    await eventually(async () => (await user.announcers("power")).join() === owner);
  });

  test("all of it is within the rights of the roles", () => {
    expect(user.refusedByRoles()).toEqual([]);
  });
});
