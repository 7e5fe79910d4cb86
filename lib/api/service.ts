import type { Family } from "#lib/address/ip.ts";
import type { Labels } from "./selector.ts";

/** What controller and speaker keep of a core/v1 Service of type LoadBalancer. */
export interface Service {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  readonly labels: Labels;
  /** Only those that Herald reads or writes: see annotations.ts. */
  readonly annotations: Labels;
  readonly loadBalancerClass?: string;
  readonly loadBalancerIp?: string;
  readonly clusterIps: readonly string[];
  readonly ipFamilies: readonly Family[];
  readonly ipFamilyPolicy: "SingleStack" | "PreferDualStack" | "RequireDualStack";
  readonly externalTrafficPolicy: "Cluster" | "Local";
  readonly selector: Labels;
  readonly ports: readonly ServicePort[];
  /** `status.loadBalancer.ingress[].ip` as written, hostnames left out. */
  readonly ingress: readonly string[];
  /** Only the conditions of type herald-lb.io/…. */
  readonly conditions: readonly Condition[];
}

export interface ServicePort {
  readonly protocol: string;
  readonly port: number;
}

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

/**
 * Says whether Herald is meant to serve the Service: one of another class belongs to another implementation.
 *
 * @param lbClass empty: only Services without a class
 */
export function isServedBy({ loadBalancerClass }: Service, lbClass: string): boolean {
  return (loadBalancerClass ?? "") === lbClass;
}

/** The Service as an Event refers to it. */
export function regardingService({ namespace, name, uid }: Service) {
  return { apiVersion: "v1", kind: "Service", namespace, name, uid } as const;
}
