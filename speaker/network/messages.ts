/** What the main thread and the network thread say to each other. Everything here survives a structured clone. */

import type { IpRange } from "#lib/address/ip-range.ts";
import type { AddressConflict } from "#lib/api/address-conflict.ts";
import type { OwnerChange } from "#lib/election/owner.ts";
import type { Log, LogFields, LogLevel } from "#lib/log/log.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { Distribution } from "./histogram.ts";

/** What one Service asks of the network: its addresses, who may answer for them, and where. */
export interface Row {
  /** `namespace/name`. */
  readonly service: string;
  /** Canonical text. */
  readonly ips: readonly string[];
  /** Names of the eligible nodes, the preferred first; the first one that is able owns the addresses. */
  readonly order: readonly string[];
  /** Links of this node that may answer; undefined: all of them. */
  readonly links?: readonly string[];
  /** Only a link whose subnet holds the address answers for it, and only a node that has such links can be the owner. */
  readonly onSubnetOnly?: true;
  /** The addresses were allocated just now, and nobody had them in this life of the Service. */
  readonly isNew?: true;
  /** Those of the addresses that another host is known to use: silent until it is. */
  readonly contested?: readonly string[];
}

export interface MemberAddress {
  /** The node's name. */
  readonly name: string;
  /** The node's InternalIPs. */
  readonly addresses: readonly string[];
}

/** What of a link's traffic somebody wants to see. */
export interface CaptureOrder {
  readonly id: number;
  /** Canonical text. */
  readonly ip: string;
  readonly maxFrames: number;
  readonly forMs: number;
}

export type ToNetwork =
  | { readonly kind: "members"; readonly members: readonly MemberAddress[] }
  | { readonly kind: "put"; readonly row: Row }
  | { readonly kind: "remove"; readonly service: string }
  /** This node is to give all its addresses away, and why, in a sentence; undefined: no more. */
  | { readonly kind: "draining"; readonly because: string | undefined }
  /** What the network thread of the former speaker said last by `state`, before `ready` if at all. */
  | { readonly kind: "resume"; readonly bytes: Uint8Array }
  /** The first table is complete: join the membership and answer. */
  | { readonly kind: "ready" }
  /** The membership key, at start and whenever the mounted Secret changed. */
  | { readonly kind: "key"; readonly key: Uint8Array }
  | { readonly kind: "log-level"; readonly level: LogLevel }
  /** Answered by `counts` with the same id. */
  | { readonly kind: "count"; readonly id: number }
  /** Answered by `members-shown` with the same id. */
  | { readonly kind: "show-members"; readonly id: number }
  /** Answered by any number of `captured` with the same id, the last of which has ended. */
  | { readonly kind: "capture"; readonly order: CaptureOrder }
  | { readonly kind: "capture-stop"; readonly id: number }
  /**
   * Tell the others, close everything, end the thread. Who restarts is back within moments and keeps its addresses; who
   * leaves gives them away.
   */
  | { readonly kind: "stop"; readonly how: "restart" | "leave" };

/** Another host uses an address of ours, heard by this node. */
export type Conflict = Omit<AddressConflict, "node">;

/** A link that can answer. */
export interface LinkFacts {
  readonly name: string;
  /** Of its addresses, such as `192.0.2.0/24`. */
  readonly subnets: readonly string[];
}

/** An address of a row that the kernel has on some interface too. */
export interface KernelAddress {
  /** Canonical text. */
  readonly ip: string;
  /** Name of the interface. */
  readonly on: string;
}

export interface CapturedFrame {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Name of the link. */
  readonly link: string;
  readonly direction: "in" | "out";
  /** As long as the frame was, or as much of it as was kept. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Counters since the start of the thread. */
export interface NetworkCounts {
  readonly addresses: readonly {
    readonly ip: string;
    readonly requests: number;
    readonly responses: number;
    /** Frames. */
    readonly announcements: number;
  }[];
  /** Frames and heartbeats that were dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** By link: frames that the kernel dropped because the socket's queue was full. */
  readonly socketDrops: Readonly<Record<string, number>>;
  readonly conflicts: number;
  /** Seconds from the arrival of a request to its answer, of a sample, by `LATENCY_BOUNDS`. */
  readonly latency: Distribution;
  readonly membership: {
    /** How many nodes are in each state, as this one sees them, itself included. */
    readonly states: Readonly<Record<string, number>>;
    /** How many silences of others were so long that this node voted on them. */
    readonly suspicions: number;
    /** Seconds from the last sign of life of a dead owner to this node's claim of a group, by `FAILOVER_BOUNDS`. */
    readonly failovers: Distribution;
    /** Seconds by which this node's heartbeats left later than they were due, by `LATENESS_BOUNDS`. */
    readonly heartbeatLateness: Distribution;
  };
}

/** The members as one node sees them. */
export interface MembersView {
  /** Name of that node. */
  readonly node: string;
  /** Whether it waits to join, asks the others before it answers, or answers for what it owns. */
  readonly standing: "waiting" | "asking" | "settled";
  /** A sentence. */
  readonly because?: string;
  /** Names of those whom it watches over, and of those who watch over it. */
  readonly watches: readonly string[];
  readonly watchedBy: readonly string[];
  /** By name, that node among them. */
  readonly members: readonly {
    readonly name: string;
    readonly state: string;
    /** So long it has been in that state. */
    readonly forMs?: number;
    /** Of those whom the node watches over. */
    readonly heardMsAgo?: number;
    readonly hearsThis?: boolean;
    readonly isDraining: boolean;
    /** Of its links. */
    readonly macs: readonly Mac[];
  }[];
  /** Epochs of the claims by the address that decides the group's order, by name of the owner. */
  readonly owned: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** How many members and groups are more than are shown. */
  readonly leftOut: { readonly members: number; readonly groups: number };
}

export type FromNetwork =
  | { readonly kind: "owners"; readonly changes: readonly OwnerChange[] }
  /** Names of the nodes that are not dead, this one included, and their subnets, whenever either changes. */
  | {
      readonly kind: "alive";
      readonly nodes: readonly string[];
      /** Those of them whose speaker runs. */
      readonly speaking: readonly string[];
      /** Names of the others that were heard of and are dead. */
      readonly dead: readonly string[];
      readonly subnets: Readonly<Record<string, readonly IpRange[]>>;
    }
  /** The links that can answer, whenever something about them changes. */
  | { readonly kind: "links"; readonly links: readonly LinkFacts[] }
  /** The addresses of rows that the kernel has too, whenever they change. */
  | { readonly kind: "kernel-addresses"; readonly addresses: readonly KernelAddress[] }
  | { readonly kind: "conflict"; readonly conflict: Conflict }
  /** The other host was silent for long enough. */
  | { readonly kind: "conflict-over"; readonly ip: string }
  /** An IPv6 address is to be asked for by a DAD probe, RFC 4862 §5.4.2, on the link of that index. */
  | {
      readonly kind: "probe";
      readonly ip: string;
      readonly link: string;
      readonly index: number;
      /** 6 bytes, by which the network thread knows the probe again that a network sends back: RFC 7527 §4.1. */
      readonly nonce: Uint8Array;
    }
  | { readonly kind: "counts"; readonly id: number; readonly counts: NetworkCounts }
  | { readonly kind: "members-shown"; readonly id: number; readonly view: MembersView }
  /** What the thread wants to be told by `resume` when it starts anew; on change, once a second at most. */
  | { readonly kind: "state"; readonly bytes: Uint8Array }
  | {
      readonly kind: "captured";
      readonly id: number;
      readonly frames: readonly CapturedFrame[];
      readonly ended: boolean;
    }
  | {
      readonly kind: "log";
      readonly level: keyof Log;
      readonly message: string;
      readonly fields: LogFields;
    };
