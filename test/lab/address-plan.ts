/** Who has which name and address in a lab. Every lab uses the same ones, each inside its own namespaces. */

/** A machine on the LAN, on the management network, or on both. */
export interface HostPlan {
  readonly name: string;
  /** Its last octet on the LAN and on the management network. */
  readonly number: number;
  readonly links: readonly LinkName[];
}

export type LinkName = "lan" | "management";

export interface LinkPlan {
  /** The interface inside the host. */
  readonly device: string;
  readonly mac: string;
  readonly ip: string;
  readonly ip6?: string;
}

export const POD_SUBNETS = ["10.244.0.0/16", "fd00:244::/32"] as const;
export const SERVICE_SUBNETS = ["10.96.0.0/16", "fd00:96::/112"] as const;
export const API_SERVER_IP = "198.51.100.1";
export const API_SERVER_PORT = 6443;
/** Where every backend listens, for TCP and UDP; a Service whose targetPort has a name gets the first. */
export const BACKEND_PORTS = [8080, 80] as const;

const FIRST_NODE = 11;
const BACKEND = 50;
const FIRST_CLIENT = 101;
const FIRST_CONTROLLER = 2;
export const MAX_NODES = BACKEND - FIRST_NODE;
export const MAX_CLIENTS = 99;

export const controlPlanePlan: HostPlan = { name: "cp", number: 1, links: ["management"] };
export const backendPlan: HostPlan = { name: "backend", number: BACKEND, links: ["lan"] };

export function controllerPlans(count: number): HostPlan[] {
  return Array.from({ length: count }, (_, index) => ({
    name: index === 0 ? "controller" : `controller${index + 1}`,
    number: FIRST_CONTROLLER + index,
    links: ["management"],
  }));
}

export function nodePlans(count: number): HostPlan[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `n${index + 1}`,
    number: FIRST_NODE + index,
    links: ["lan", "management"],
  }));
}

export function clientPlans(count: number): HostPlan[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `c${index + 1}`,
    number: FIRST_CLIENT + index,
    links: ["lan"],
  }));
}

export function lanLink(host: HostPlan): LinkPlan & { readonly ip6: string } {
  return {
    device: "eth0",
    mac: `02:00:00:00:${macTail(host.number)}`,
    ip: `192.0.2.${host.number}`,
    ip6: `2001:db8:0:1::${host.number}`,
  };
}

export function managementLink(host: HostPlan): LinkPlan {
  return {
    device: "mgmt0",
    mac: `02:00:00:01:${macTail(host.number)}`,
    ip: `198.51.100.${host.number}`,
  };
}

/** The Pod stand-in behind a node, and the node's end of the link to it. */
export interface PodPlan {
  readonly subnet: string;
  readonly subnet6: string;
  readonly gateway: string;
  readonly gateway6: string;
  readonly ip: string;
  readonly ip6: string;
}

export function podPlan(node: HostPlan): PodPlan {
  const index = node.number - FIRST_NODE + 1;
  return {
    subnet: `10.244.${index}.0/24`,
    subnet6: `fd00:244:${index}::/64`,
    gateway: `10.244.${index}.1`,
    gateway6: `fd00:244:${index}::1`,
    ip: `10.244.${index}.2`,
    ip6: `fd00:244:${index}::2`,
  };
}

/** The decimal digits of the number, so that 192.0.2.11 has a MAC that ends in 00:11. */
function macTail(number: number): string {
  const digits = String(number).padStart(4, "0");
  return `${digits.slice(0, 2)}:${digits.slice(2)}`;
}
