import type {
  V1Condition,
  V1LoadBalancerIngress,
  V1Service,
  V1ServicePort,
  V1ServiceSpec,
} from "@kubernetes/client-node";
import type { Family } from "#lib/address/ip.ts";
import { NO_LABELS, NO_TEXTS } from "./absent.ts";
import { ANNOTATION, LEGACY_PREFIX } from "./annotations.ts";
import type { Labels } from "./selector.ts";
import type { Condition, Service, ServicePort } from "./service.ts";

const OWN_ANNOTATIONS: ReadonlySet<string> = new Set(Object.values(ANNOTATION));
const OWN_CONDITIONS = "herald-lb.io/";

const NO_CONDITIONS: readonly Condition[] = Object.freeze([]);
const NO_PORTS: readonly ServicePort[] = Object.freeze([]);
const NO_FAMILIES: readonly Family[] = Object.freeze([]);

/** The instants in it are text, as JSON has them, whatever the type says. */
export function projectService({ metadata, spec, status }: V1Service): Service {
  const namespace = metadata?.namespace ?? "";
  const name = metadata?.name ?? "";
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: metadata?.uid ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    creationTimestamp: text(metadata?.creationTimestamp),
    labels: metadata?.labels ?? NO_LABELS,
    annotations: ownAnnotations(metadata?.annotations ?? NO_LABELS),
    ...projectSpec(spec ?? {}),
    ingress: ingressOf(status?.loadBalancer?.ingress ?? []),
    conditions: ownConditions(status?.conditions ?? []),
  };
}

function projectSpec(spec: V1ServiceSpec) {
  return {
    ...(spec.loadBalancerClass && { loadBalancerClass: spec.loadBalancerClass }),
    ...(spec.loadBalancerIP && { loadBalancerIp: spec.loadBalancerIP }),
    clusterIps: spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : NO_TEXTS),
    ipFamilies: spec.ipFamilies?.filter(isFamily) ?? NO_FAMILIES,
    ipFamilyPolicy: policyFrom(spec.ipFamilyPolicy),
    externalTrafficPolicy:
      spec.externalTrafficPolicy === "Local" ? ("Local" as const) : ("Cluster" as const),
    selector: spec.selector ?? NO_LABELS,
    ports: spec.ports?.map(projectPort) ?? NO_PORTS,
  };
}

function projectPort({ protocol, port }: V1ServicePort): ServicePort {
  return { protocol: protocol ?? "TCP", port };
}

function ingressOf(ingress: readonly V1LoadBalancerIngress[]): readonly string[] {
  const ips = ingress.flatMap(({ ip }) => (ip ? [ip] : []));
  return ips.length === 0 ? NO_TEXTS : ips;
}

function ownAnnotations(annotations: Labels): Labels {
  const own = Object.entries(annotations).filter(
    ([key]) => OWN_ANNOTATIONS.has(key) || key.startsWith(LEGACY_PREFIX),
  );
  return own.length === 0 ? NO_LABELS : Object.fromEntries(own);
}

function ownConditions(conditions: readonly V1Condition[]): readonly Condition[] {
  const own = conditions.filter(({ type }) => type.startsWith(OWN_CONDITIONS));
  return own.length === 0 ? NO_CONDITIONS : own.map(projectCondition);
}

function projectCondition(condition: V1Condition): Condition {
  const { type, status, reason, message } = condition;
  return {
    type,
    status: status === "True" || status === "False" ? status : "Unknown",
    reason,
    message,
    lastTransitionTime: text(condition.lastTransitionTime),
  };
}

function policyFrom(policy: string | undefined): Service["ipFamilyPolicy"] {
  return policy === "PreferDualStack" || policy === "RequireDualStack" ? policy : "SingleStack";
}

function isFamily(family: string): family is Family {
  return family === "IPv4" || family === "IPv6";
}

function text(raw: unknown): string {
  return typeof raw === "string" ? raw : "";
}
