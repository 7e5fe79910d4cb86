import type { Selector } from "./selector.ts";

/** An L2Advertisement (metallb.io/v1beta1) that was checked and found good. */
export interface L2Advertisement {
  readonly name: string;
  /** With no name and no selector the advertisement covers every pool. */
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
  /** Empty: every node. */
  readonly nodeSelectors: readonly Selector[];
  /** Empty: every interface. */
  readonly interfaces: readonly string[];
  /** Empty: every Service. */
  readonly serviceSelectors: readonly Selector[];
  readonly preferredNodes: readonly PreferredNodes[];
}

export interface PreferredNodes {
  /** 1…100. */
  readonly weight: number;
  readonly selector: Selector;
}
