import type { Ip } from "#lib/address/ip.ts";

/** Why a Service gets no address; for machines: event and condition reasons. */
export type Refusal =
  | "NoPool"
  | "NoClusterIp"
  | "NotEnoughClusterIps"
  | "BadRequest"
  | "NotInAnyPool"
  | "UnknownPool"
  | "PoolNotForNamespace"
  | "PoolNotForService"
  | "AddressAvoided"
  | "AddressExcluded"
  | "HeldByAnother"
  | "PortTaken"
  | "AutoAssignOff"
  | "FamilyMissing"
  | "QuotaReached"
  | "PoolExhausted";

export interface Finding {
  readonly reason: Refusal;
  /** A sentence: the fact, then the mend. */
  readonly message: string;
}

/** Why a pool does not give what it is asked for. */
export interface PoolFinding extends Finding {
  /** What is said beside the name of the pool: `autoAssign is off`. */
  readonly because: string;
  /** How many addresses it would have, were they not set aside. */
  readonly setAside?: number;
}

/** Why one pool was passed over. */
export interface PoolRefusal extends PoolFinding {
  readonly pool: string;
}

/** What the Service should be told although it has an address; the reasons are those of MetalLB's events. */
export interface Warning {
  readonly reason: "LoadBalancerFailed" | "AdditionalAssignFailed";
  readonly message: string;
}

/** What the Service loses; the first two reasons are those of MetalLB's events. */
export interface Loss {
  /** The second when its status has what is neither one address nor one of each family, the third when another host uses it. */
  readonly reason: "ClearAssignment" | "nolbIPsIPFamily" | "AddressConflict";
  /** As text: its status may have had what is no address. */
  readonly ips: readonly string[];
  /** A sentence: why they are taken from it. */
  readonly message: string;
}

export interface Assignment {
  readonly kind: "assign";
  /** One, or one of each family, in the order in which the status lists them. */
  readonly ips: readonly Ip[];
  readonly pool: string;
  readonly why: string;
  /** The pools that were passed over before this one, in the order in which they were tried. */
  readonly tried: readonly PoolRefusal[];
  readonly warning?: Warning;
  readonly loss?: Loss;
}

export interface Refused extends Finding {
  readonly kind: "refuse";
  readonly tried: readonly PoolRefusal[];
  readonly loss?: Loss;
}

export type Decision = Assignment | Refused;
