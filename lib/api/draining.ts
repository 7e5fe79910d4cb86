import type { V1Node } from "@kubernetes/client-node";
import { MAINTENANCE } from "./annotations.ts";

/** Set by hand on a node that is known to be down, so that its Pods may be started elsewhere. */
const OUT_OF_SERVICE_TAINT = "node.kubernetes.io/out-of-service";

/** What a kubelet says, perhaps among other things, from the moment that systemd tells it of a shutdown. */
const SHUTTING_DOWN = "node is shutting down";

/**
 * Says why a node is to give all its addresses away, in a sentence; undefined: it is not. Neither a cordon nor
 * `kubectl drain` is a reason: both are about Pods, and a node without Pods forwards as well as any.
 */
export function drainingOf({ metadata, spec, status }: V1Node): string | undefined {
  const name = metadata?.name ?? "";
  const marks: readonly (readonly [kind: string, value: string | undefined])[] = [
    ["annotation", metadata?.annotations?.[MAINTENANCE]],
    ["label", metadata?.labels?.[MAINTENANCE]],
  ];
  for (const [kind, value] of marks) {
    if (value !== undefined && value !== "false") {
      return `${name} is in maintenance: its Node has the ${kind} ${MAINTENANCE}`;
    }
  }
  if (spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE_TAINT)) {
    return `${name} is out of service: its Node has the taint ${OUT_OF_SERVICE_TAINT}`;
  }
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "False" && ready.message?.includes(SHUTTING_DOWN)
    ? `${name} is shutting down, as its kubelet says`
    : undefined;
}
