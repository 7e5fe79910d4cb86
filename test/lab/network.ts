/** The wiring of a lab: one namespace a host, a switch namespace with the two bridges, veth pairs between them. */

import {
  backendPlan,
  clientPlans,
  controllerPlans,
  controlPlanePlan,
  type HostPlan,
  lanLink,
  managementLink,
  nodePlans,
  podPlan,
} from "./address-plan.ts";
import { Bridge } from "./bridge.ts";
import { Host, Node } from "./host.ts";
import { configureNamespace, createNamespaces } from "./network-namespace.ts";

export interface NetworkOptions {
  readonly prefix: string;
  readonly nodes: number;
  readonly clients: number;
  readonly controllers: number;
}

export interface Network {
  readonly lan: Bridge;
  readonly management: Bridge;
  readonly controlPlane: Host;
  readonly controllers: readonly Host[];
  readonly nodes: readonly Node[];
  readonly clients: readonly Host[];
  readonly backend: Host;
}

/** Duplicate address detection would keep every IPv6 address unusable for a second; a fixed plan has no duplicates. */
const EVERY_HOST = {
  "net/ipv6/conf/all/accept_dad": 0,
  "net/ipv6/conf/default/accept_dad": 0,
  "net/ipv4/conf/all/rp_filter": 0,
  "net/ipv4/conf/default/rp_filter": 0,
};

const FORWARDING = { "net/ipv4/ip_forward": 1, "net/ipv6/conf/all/forwarding": 1 };

/** The switch has no addresses of its own, so that nothing it says itself is heard on the LAN. */
const NO_IPV6 = {
  "net/ipv6/conf/all/disable_ipv6": 1,
  "net/ipv6/conf/default/disable_ipv6": 1,
};

/** A bridge that floods multicast and forwards at once, as a simple switch does. */
const BRIDGE_KIND = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0";

/** Makes every namespace, link, address and route of a lab. */
export async function buildNetwork(options: NetworkOptions): Promise<Network> {
  const { prefix } = options;
  const controlPlane = new Host(prefix, controlPlanePlan);
  const controllers = controllerPlans(options.controllers).map((plan) => new Host(prefix, plan));
  const plansOfNodes = nodePlans(options.nodes);
  const nodes = plansOfNodes.map((plan) => new Node(prefix, plan));
  const clients = clientPlans(options.clients).map((plan) => new Host(prefix, plan));
  const backend = new Host(prefix, backendPlan);
  const hosts = [controlPlane, ...controllers, ...nodes, ...clients, backend];
  const pods = nodes.map((node) => node.pod);
  const switchNamespace = `${prefix}-switch`;
  const namespaces = [...hosts, ...pods].map((host) => host.namespace);

  await createNamespaces([switchNamespace, ...namespaces]);
  await Promise.all(namespaces.map((name) => configureNamespace(name, EVERY_HOST, [])));
  await configureNamespace(switchNamespace, NO_IPV6, [
    "link set lo up",
    `link add lan up ${BRIDGE_KIND}`,
    `link add management up ${BRIDGE_KIND}`,
    ...hosts.flatMap(cables),
    ...nodes.map(
      ({ namespace, pod }) =>
        `link add veth-pod netns ${namespace} type veth peer name eth0 netns ${pod.namespace}`,
    ),
  ]);
  await Promise.all([
    ...hosts.map((host) =>
      configureNamespace(host.namespace, host instanceof Node ? FORWARDING : {}, [
        ...addresses(host.plan),
        ...(host instanceof Node ? podRoutes(host.plan, plansOfNodes) : []),
      ]),
    ),
    ...nodes.map(({ plan, pod }) => configureNamespace(pod.namespace, {}, podAddresses(plan))),
  ]);
  return {
    lan: new Bridge(switchNamespace, "lan"),
    management: new Bridge(switchNamespace, "management"),
    controlPlane,
    controllers,
    nodes,
    clients,
    backend,
  };
}

function cables({ plan, namespace }: Host): string[] {
  return plan.links.flatMap((link) => {
    const { device, mac } = link === "lan" ? lanLink(plan) : managementLink(plan);
    const port = Bridge.portOf(link, plan.name);
    return [
      `link add ${port} up type veth peer name ${device} address ${mac} netns ${namespace}`,
      `link set ${port} master ${link}`,
    ];
  });
}

function addresses(plan: HostPlan): string[] {
  return [
    "link set lo up",
    ...plan.links.flatMap((link) => {
      const { device, ip, ip6 } = link === "lan" ? lanLink(plan) : managementLink(plan);
      return [
        `link set ${device} up`,
        `addr add ${ip}/24 dev ${device}`,
        ...(ip6 === undefined ? [] : [`addr add ${ip6}/64 dev ${device} nodad`]),
      ];
    }),
  ];
}

/** The Pod's own link, and, as a "host gateway" CNI does, a route over the LAN to the Pods of every other node. */
function podRoutes(node: HostPlan, all: readonly HostPlan[]): string[] {
  const own = podPlan(node);
  const others = all.filter(({ name }) => name !== node.name);
  return [
    "link set veth-pod up",
    `addr add ${own.gateway}/24 dev veth-pod`,
    `addr add ${own.gateway6}/64 dev veth-pod nodad`,
    ...others.flatMap((other) => {
      const { subnet, subnet6 } = podPlan(other);
      const { ip, ip6 } = lanLink(other);
      return [`route add ${subnet} via ${ip}`, `route add ${subnet6} via ${ip6}`];
    }),
  ];
}

function podAddresses(node: HostPlan): string[] {
  const { ip, ip6, gateway, gateway6 } = podPlan(node);
  return [
    "link set lo up",
    "link set eth0 up",
    `addr add ${ip}/24 dev eth0`,
    `addr add ${ip6}/64 dev eth0 nodad`,
    `route add default via ${gateway}`,
    `route add default via ${gateway6}`,
  ];
}
