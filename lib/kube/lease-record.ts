import type { V1Lease } from "@kubernetes/client-node";
import type { Json } from "./json.ts";

/** A coordination.k8s.io/v1 Lease as the API server writes it. */
export type LeaseRecord = Json<V1Lease>;

export interface LeaseClaim {
  readonly identity: string;
  readonly durationMs: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** metav1.MicroTime wants six digits after the second; three are refused with 400. */
function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace("Z", "000Z");
}

export function holderOf(record: LeaseRecord): string {
  return record.spec?.holderIdentity ?? "";
}

/** The Lease to create where there is none. */
export function newLease(namespace: string, name: string, claim: LeaseClaim): LeaseRecord {
  return claimed({ metadata: { namespace, name } }, claim);
}

/** The Lease as its next holder writes it, or as its present one renews it. */
export function claimed(record: LeaseRecord, claim: LeaseClaim): LeaseRecord {
  const now = microTime(claim.wallMs);
  const renewal = {
    ...record.spec,
    holderIdentity: claim.identity,
    leaseDurationSeconds: Math.ceil(claim.durationMs / 1000),
    renewTime: now,
  };
  if (holderOf(record) === claim.identity) {
    return { ...record, spec: renewal };
  }
  const before = record.spec?.leaseTransitions;
  const leaseTransitions = before === undefined ? 0 : before + 1;
  return { ...record, spec: { ...renewal, acquireTime: now, leaseTransitions } };
}

/** The Lease as its holder leaves it, free to be taken at once. */
export function released(record: LeaseRecord, wallMs: number): LeaseRecord {
  const spec = { ...record.spec, holderIdentity: "", leaseDurationSeconds: 1 };
  return { ...record, spec: { ...spec, renewTime: microTime(wallMs) } };
}
