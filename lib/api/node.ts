import type { Labels } from "./selector.ts";

/** What a speaker keeps of a core/v1 Node. */
export interface Node {
  readonly name: string;
  readonly labels: Labels;
  /** Addresses of type InternalIP, in listed order. */
  readonly internalIps: readonly string[];
  /** The condition NetworkUnavailable is True. */
  readonly networkUnavailable: boolean;
  /** Its kubelet told the API server lately that it is well; it did not if absent. */
  readonly ready?: boolean;
  /** Why it is to give all its addresses away, in a sentence; undefined: it is not. */
  readonly draining?: string | undefined;
}

/** The Node as an Event refers to it: by its name twice, as the kubelet does, and kubectl looks for that. */
export function regardingNode(name: string) {
  return { apiVersion: "v1", kind: "Node", name, uid: name } as const;
}
