import type { Ip } from "#lib/address/ip.ts";

/** What the controller keeps of a core/v1 Node. */
export interface NodeAddresses {
  readonly name: string;
  /** Of types InternalIP and ExternalIP, each once: IPv4 first, and ascending. */
  readonly addresses: readonly Ip[];
}
