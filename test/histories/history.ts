/** A history: what befalls a small cluster and the controller that leads it, step by step. */

import type { Service, ServicePort } from "#lib/api/service.ts";

/** What a user writes into a Service, in parts that are changed one at a time. */
export interface ServiceFields {
  readonly families: Pick<Service, "clusterIps" | "ipFamilies" | "ipFamilyPolicy">;
  readonly request: {
    readonly annotations: Readonly<Record<string, string>>;
    readonly loadBalancerIp?: string;
  };
  /** The annotations by which it consents to share. */
  readonly sharing: Readonly<Record<string, string>>;
  readonly traffic: Pick<Service, "externalTrafficPolicy" | "selector">;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
}

export interface PoolFields {
  /** Each a CIDR or a range. */
  readonly addresses: readonly string[];
  readonly autoAssign?: boolean;
  readonly avoidBuggyIPs?: boolean;
  readonly serviceAllocation?: {
    readonly priority?: number;
    readonly namespaces?: readonly string[];
    /** By their names; no namespace is called "nowhere". */
    readonly namespaceSelectors?: readonly string[];
    readonly serviceSelectors?: readonly Readonly<Record<string, string>>[];
  };
  readonly exclude?: string;
  readonly maxPerNamespace?: number;
  readonly holdReleasedMinutes?: number;
}

/** By name. */
export type PoolSet = ReadonlyMap<string, PoolFields>;

export type PoolEdit =
  | { readonly how: "put"; readonly name: string; readonly fields: PoolFields }
  | { readonly how: "remove"; readonly name: string }
  /** Takes the place of a pool of the new name. */
  | { readonly how: "rename"; readonly name: string; readonly to: string }
  /** Moves all ranges but the first to the other pool. */
  | { readonly how: "split"; readonly name: string; readonly to: string }
  /** Drops the last range. */
  | { readonly how: "shrink"; readonly name: string };

/** What befalls one write of a status. */
export type Trap =
  | "it is not answered and not done"
  | "it is done and its answer is lost"
  | "the controller dies before it"
  | "the controller dies after it"
  /** It arrives when another controller leads. */
  | "the controller dies and it arrives later";

export type Step =
  | { readonly kind: "pools"; readonly edit: PoolEdit }
  /** Creates the Service, or replaces what the user wrote. */
  | { readonly kind: "put"; readonly key: string; readonly fields: ServiceFields }
  | { readonly kind: "change"; readonly key: string; readonly fields: Partial<ServiceFields> }
  | { readonly kind: "delete"; readonly key: string }
  /** Another Service takes its place before anybody looks. */
  | { readonly kind: "replace"; readonly key: string; readonly fields: ServiceFields }
  | { readonly kind: "nodes"; readonly addresses: readonly string[] }
  | { readonly kind: "wait"; readonly minutes: number }
  | { readonly kind: "restart" }
  /** The first write that is not spoken for meets with it. */
  | { readonly kind: "trap"; readonly trap: Trap }
  /** The user changes the Service while its status is written, so that the write is refused. */
  | { readonly kind: "conflict"; readonly fields: Partial<ServiceFields> }
  /** Another host is found to use the first address that the Service shows, or claims it while it is in use. */
  | {
      readonly kind: "host";
      readonly key: string;
      readonly isInUse: boolean;
      /** All Services that show the address are told of it. */
      readonly forAll: boolean;
    }
  /** Until told otherwise the watch tells nothing. */
  | { readonly kind: "watch"; readonly isSilent: boolean }
  /** A slow controller looks at one Service after each step; else at all that it should. */
  | { readonly kind: "pace"; readonly isSlow: boolean }
  /** Another controller, which has lost its Lease, writes what the one Service shows into the status of the other. */
  | { readonly kind: "double"; readonly of: string; readonly into: string };

export interface History {
  readonly steps: readonly Step[];
  /** In which order the API server lists the Services. */
  readonly order: readonly string[];
}

/** The pools after the edit. No two overlap: who is given a range takes it from the others. */
export function edited(pools: PoolSet, edit: PoolEdit): PoolSet {
  const next = new Map(pools);
  const fields = pools.get(edit.name);
  switch (edit.how) {
    case "put":
      for (const [name, other] of pools) {
        if (other.addresses.every((one) => !edit.fields.addresses.includes(one))) {
          continue;
        }
        const addresses = other.addresses.filter((one) => !edit.fields.addresses.includes(one));
        setOrRemove(next, name, { ...other, addresses });
      }
      next.set(edit.name, edit.fields);
      return next;
    case "remove":
      next.delete(edit.name);
      return next;
    case "rename":
      next.delete(edit.name);
      return fields === undefined ? pools : next.set(edit.to, fields);
    case "split":
      if (fields === undefined || fields.addresses.length < 2 || pools.has(edit.to)) {
        return pools;
      }
      next.set(edit.name, { ...fields, addresses: fields.addresses.slice(0, 1) });
      return next.set(edit.to, { ...fields, addresses: fields.addresses.slice(1) });
    case "shrink":
      if (fields !== undefined) {
        setOrRemove(next, edit.name, { ...fields, addresses: fields.addresses.slice(0, -1) });
      }
      return next;
  }
}

function setOrRemove(pools: Map<string, PoolFields>, name: string, fields: PoolFields): void {
  if (fields.addresses.length === 0) {
    pools.delete(name);
  } else {
    pools.set(name, fields);
  }
}
