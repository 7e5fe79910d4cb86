import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import type { Host, Node } from "#test/lab/host.ts";
import { Lab } from "#test/lab/lab.ts";
import { configureNamespace } from "#test/lab/network-namespace.ts";
import { ClusterUser, POOL } from "./cluster-user.ts";

const ANNOUNCED = "herald-lb.io/Announced";
const ON_SUBNET = { "herald-lb.io/interfaces": "subnet" };
/** Of no link of the lab, until one is given an address there. */
const ELSEWHERE = ["203.0.113.200-203.0.113.210", "2001:db8:0:9::200-2001:db8:0:9::210"];
const IPS = ["203.0.113.200", "2001:db8:0:9::200"] as const;
const [IPV4, IPV6] = IPS;
/** Of the management network. */
const MANAGEMENT = "198.51.100.200";

let lab: Lab;
let user: ClusterUser;

beforeAll(async () => {
  lab = await Lab.start({ nodes: 2, herald: { env: { HERALD_FAILBACK: "1s" } } });
  user = new ClusterUser(lab);
  await user.configure([POOL]);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

describe("in a pool whose addresses are answered only where their subnet is", () => {
  beforeAll(async () => {
    await user.applyPool("elsewhere", ELSEWHERE, ON_SUBNET);
    await user.applyPool("management", [`${MANAGEMENT}/32`], ON_SUBNET);
    const [client] = lab.clients as [Host];
    await client.exec("ip", ["address", "add", "203.0.113.101/24", "dev", "eth0"]);
    await client.exec("ip", ["address", "add", "2001:db8:0:9::101/64", "dev", "eth0"]);
    await user.applyService("web", {
      annotations: { "metallb.io/address-pool": "elsewhere" },
      spec: { ipFamilyPolicy: "PreferDualStack" },
    });
    await lab.setEndpoints("web");
  });

  /** Changes the addresses of eth0 of a node. */
  async function change(node: string, what: "add" | "del", ...addresses: readonly string[]) {
    for (const address of addresses) {
      await lab.node(node).exec("ip", ["address", what, address, "dev", "eth0"]);
    }
  }

  /** Waits until the condition says why the Service is not announced, or not all of it. */
  async function toldWhyNot(sentence: RegExp): Promise<void> {
    const message = await eventually(async () => {
      const said = await user.condition("web", ANNOUNCED, "False", "NoLinkInSubnet");
      return sentence.test(said) && said;
    });
    await user.toldByEvent("web", "announceFailed", message);
  }

  async function nobodyAnswers(): Promise<void> {
    await toldWhyNot(
      /^No living node that may announce .* has a link whose subnet holds .*: give a link of n[12], n[12] an address of that subnet, or annotate the pool with herald-lb\.io\/interfaces: all$/,
    );
    await Promise.all(IPS.map((ip) => user.silence(ip)));
  }

  test("an address is nobody's while no link has its subnet, and the condition says so", async () => {
    await nobodyAnswers();
    expect(await user.addresses("web")).toEqual(IPS);
  });

  test.each(["n1", "n2"])(
    "an address of the subnet on a link of %s lets that node answer there, and only while it is there",
    async (node) => {
      await change(node, "add", "203.0.113.11/24");
      expect(await user.owner(IPV4)).toBe(node);
      await toldWhyNot(
        new RegExp(
          `^${node} owns ${IPV6}, and none of its links that may answer has a subnet that holds it: `,
        ),
      );
      await user.silence(IPV6);
      await change(node, "add", "2001:db8:0:9::11/64");
      expect(await user.owner(IPV6)).toBe(node);
      await user.condition("web", ANNOUNCED, "True", "Announced");
      await change(node, "del", "203.0.113.11/24", "2001:db8:0:9::11/64");
      await nobodyAnswers();
    },
  );

  test("an address of one network is not answered on another", async () => {
    const annotations = { "metallb.io/address-pool": "management" };
    await user.applyService("inside", { annotations });
    await lab.setEndpoints("inside");
    await user.condition("inside", ANNOUNCED, "True", "Announced");
    const announcer = await eventually(async () => (await user.announcers("inside")).join());
    const neighbour = lab.nodes.find(({ name }) => name !== announcer) as Node;
    const answer = await neighbour.exec("arping", ["-I", "mgmt0", "-f", "-w", "5", MANAGEMENT]);
    expect(answer).toContain("Received 1 response");
    await user.silence(MANAGEMENT);
  });
});

describe("a node whose kernel answers, too", () => {
  let ip: string;
  /** One that does not own the address. */
  let node: Node;

  beforeAll(async () => {
    await user.applyService("known", { annotations: { "metallb.io/address-pool": "lab" } });
    await lab.setEndpoints("known");
    ip = await user.address("known");
    const owner = await user.owner(ip);
    node = lab.nodes.find(({ name }) => name !== owner) as Node;
  });

  test("is told by an Event on the Node, until the kernel is told not to", async () => {
    await node.exec("ip", ["link", "add", "kube-ipvs0", "up", "type", "bridge"]);
    await node.exec("ip", ["address", "add", `${ip}/32`, "dev", "kube-ipvs0"]);
    const told = `The kernel of ${node.name} has addresses of Services on kube-ipvs0 (${ip}) and answers ARP for them on eth0, mgmt0, for arp_ignore is 0 there: set ipvs.strictARP: true in the configuration of kube-proxy, or the sysctls net.ipv4.conf.all.arp_ignore=1 and net.ipv4.conf.all.arp_announce=2`;
    await user.toldByEvent(node.name, "KernelAnswersToo", told);
    expect(await user.whoHas(ip)).toHaveLength(2);
    const speaker = lab.speaker(node.name);
    const from = speaker.logs.length;
    const strict = { "net/ipv4/conf/all/arp_ignore": 1, "net/ipv4/conf/all/arp_announce": 2 };
    await configureNamespace(node.namespace, strict, []);
    await user.owner(ip);
    // Nobody tells of a sysctl that changes: the speaker looks every half minute.
    await speaker.waitForLog(
      ({ msg, reason }) => msg === "node check is content again" && reason === "KernelAnswersToo",
      { from, withinMs: 45_000 },
    );
    await node.exec("ip", ["link", "del", "kube-ipvs0"]);
  });

  test("is told by an Event on the Service when one of its links has the address", async () => {
    await node.exec("ip", ["address", "add", `${ip}/32`, "dev", "eth0"]);
    const told = `${ip} is an address of eth0 on node ${node.name}, whose kernel answers for it whichever node owns it: remove it there, or take it out of its pool by herald-lb.io/exclude`;
    await user.toldByEvent("known", "AddressOnLink", told);
    await node.exec("ip", ["address", "del", `${ip}/32`, "dev", "eth0"]);
    await user.owner(ip);
  });
});

test("all of it is within the rights of the roles", () => {
  expect(user.refusedByRoles()).toEqual([]);
});
