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
  | "HeldByAnother"
  | "PortTaken"
  | "AutoAssignOff"
  | "FamilyMissing"
  | "PoolExhausted";

export interface Finding {
  readonly reason: Refusal;
  /** A sentence: the fact, then the mend. */
  readonly message: string;
}

/** Why one pool was passed over. */
export interface PoolRefusal extends Finding {
  readonly pool: string;
}

/** What the Service should be told although it has an address; the reasons are those of MetalLB's events. */
export interface Warning {
  readonly reason: "LoadBalancerFailed" | "AdditionalAssignFailed";
  readonly message: string;
}

export interface Assignment {
  readonly kind: "assign";
  /** One, or one of each family, in the order in which the status lists them. */
  readonly ips: readonly Ip[];
  readonly pool: string;
  readonly why: string;
  /** The pools that were passed over, in the order in which they were tried. */
  readonly tried: readonly PoolRefusal[];
  readonly warning?: Warning;
  /** A sentence: why the addresses that the Service had are taken from it. */
  readonly cleared?: string;
}

export interface Refused extends Finding {
  readonly kind: "refuse";
  readonly tried: readonly PoolRefusal[];
  readonly cleared?: string;
}

export type Decision = Assignment | Refused;
