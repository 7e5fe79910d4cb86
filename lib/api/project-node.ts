import type { V1Node } from "@kubernetes/client-node";
import { NO_LABELS } from "./absent.ts";
import type { Node } from "./node.ts";

export function projectNode({ metadata, status }: V1Node): Node {
  return {
    name: metadata?.name ?? "",
    labels: metadata?.labels ?? NO_LABELS,
    internalIps: (status?.addresses ?? [])
      .filter(({ type }) => type === "InternalIP")
      .map(({ address }) => address),
    networkUnavailable: (status?.conditions ?? []).some(
      (condition) => condition.type === "NetworkUnavailable" && condition.status === "True",
    ),
  };
}
