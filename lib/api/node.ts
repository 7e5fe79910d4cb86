import type { Labels } from "./selector.ts";

/** What a speaker keeps of a core/v1 Node. */
export interface Node {
  readonly name: string;
  readonly labels: Labels;
  /** Addresses of type InternalIP, in listed order. */
  readonly internalIps: readonly string[];
  /** The condition NetworkUnavailable is True. */
  readonly networkUnavailable: boolean;
}
