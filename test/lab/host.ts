/** A machine of the lab: a network namespace with addresses, in which commands run. */

import { type HostPlan, lanLink, type PodPlan, podPlan } from "./address-plan.ts";
import { inNamespace } from "./network-namespace.ts";
import { type CurlAnswer, curl, macsAnsweringArp, macsAnsweringNdp } from "./probe.ts";
import { type RunOptions, run } from "./run.ts";

abstract class Machine {
  readonly name: string;
  readonly namespace: string;

  constructor(prefix: string, name: string) {
    this.name = name;
    this.namespace = `${prefix}-${name}`;
  }

  /**
   * Runs a command on this machine and gives back its standard output.
   *
   * @throws {CommandError} when it does not exit with 0
   */
  exec(command: string, args: readonly string[], options?: RunOptions): Promise<string> {
    return run(...inNamespace(this.namespace, command, args), options);
  }

  /** Fetches a URL. @throws {CommandError} when there is no answer in time */
  curl(url: string, withinMs?: number): Promise<CurlAnswer> {
    return curl(this.namespace, url, withinMs);
  }

  /** The MAC of every answer, in the order in which they came; the first request is broadcast. */
  arping(ip: string, options?: Parameters<typeof macsAnsweringArp>[2]): Promise<string[]> {
    return macsAnsweringArp(this.namespace, ip, options);
  }

  /** The link-layer address of every answer to one Neighbor Solicitation. */
  ndisc(ip6: string, withinMs?: number): Promise<string[]> {
    return macsAnsweringNdp(this.namespace, ip6, withinMs);
  }
}

export class Host extends Machine {
  readonly plan: HostPlan;
  /** Addresses on the LAN, which a host of the management network alone does not use. */
  readonly lanIp: string;
  readonly lanIp6: string;
  readonly mac: string;

  constructor(prefix: string, plan: HostPlan) {
    super(prefix, plan.name);
    const { ip, ip6, mac } = lanLink(plan);
    this.plan = plan;
    this.lanIp = ip;
    this.lanIp6 = ip6;
    this.mac = mac;
  }
}

export class Pod extends Machine {
  readonly ip: string;
  readonly ip6: string;

  constructor(prefix: string, node: HostPlan) {
    super(prefix, `${node.name}-pod`);
    const { ip, ip6 } = podPlan(node);
    this.ip = ip;
    this.ip6 = ip6;
  }
}

export class Node extends Host {
  readonly pod: Pod;
  readonly podPlan: PodPlan;

  constructor(prefix: string, plan: HostPlan) {
    super(prefix, plan);
    this.pod = new Pod(prefix, plan);
    this.podPlan = podPlan(plan);
  }
}
