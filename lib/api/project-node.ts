import type { V1Node } from "@kubernetes/client-node";
import { NO_LABELS } from "./absent.ts";
import { drainingOf } from "./draining.ts";
import type { Node } from "./node.ts";

export function projectNode(raw: V1Node): Node {
  const { metadata, status } = raw;
  return {
    name: metadata?.name ?? "",
    labels: metadata?.labels ?? NO_LABELS,
    internalIps: (status?.addresses ?? [])
      .filter(({ type }) => type === "InternalIP")
      .map(({ address }) => address),
    networkUnavailable: isTrue(raw, "NetworkUnavailable"),
    ready: isTrue(raw, "Ready"),
    draining: drainingOf(raw),
  };
}

function isTrue({ status }: V1Node, type: string): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === "True",
  );
}
