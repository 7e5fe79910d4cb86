/** What the main thread and the network thread say to each other. Everything here survives a structured clone. */

import type { OwnerChange } from "#lib/election/owner.ts";
import type { Log, LogFields, LogLevel } from "#lib/log/log.ts";

/** What one Service asks of the network: its addresses, who may answer for them, and where. */
export interface Row {
  /** `namespace/name`. */
  readonly service: string;
  /** Canonical text. */
  readonly ips: readonly string[];
  /** Names of the eligible nodes, the preferred first; the first one alive owns the addresses. */
  readonly order: readonly string[];
  /** Links of this node that may answer; undefined: all of them. */
  readonly links?: readonly string[];
}

export interface MemberAddress {
  /** The node's name. */
  readonly name: string;
  /** The node's InternalIPs. */
  readonly addresses: readonly string[];
}

export type ToNetwork =
  | { readonly kind: "members"; readonly members: readonly MemberAddress[] }
  | { readonly kind: "put"; readonly row: Row }
  | { readonly kind: "remove"; readonly service: string }
  /** The first table is complete: join the membership and answer. */
  | { readonly kind: "ready" }
  /** The membership key, at start and whenever the mounted Secret changed. */
  | { readonly kind: "key"; readonly key: Uint8Array }
  | { readonly kind: "log-level"; readonly level: LogLevel }
  /** Tell the others that this node leaves, close everything, end the thread. */
  | { readonly kind: "stop" };

export type FromNetwork =
  | { readonly kind: "owners"; readonly changes: readonly OwnerChange[] }
  /** Names of the nodes held alive, this one included, whenever that set changes. */
  | { readonly kind: "alive"; readonly nodes: readonly string[] }
  /** Names of the links that can answer, whenever that set changes. */
  | { readonly kind: "links"; readonly links: readonly string[] }
  | {
      readonly kind: "log";
      readonly level: keyof Log;
      readonly message: string;
      readonly fields: LogFields;
    };
