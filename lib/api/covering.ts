/** Which advertisements speak for which pool, node and Service. */

import type { L2Advertisement } from "./l2-advertisement.ts";
import type { Pool } from "./pool.ts";
import { type Labels, matchesAny, type Selector } from "./selector.ts";

/** The advertisements that cover a pool by name or by selector, or that name and select none and so cover all. */
export function advertisementsOf(
  pool: Pool,
  advertisements: readonly L2Advertisement[],
): readonly L2Advertisement[] {
  return advertisements.filter(
    ({ pools, poolSelectors }) =>
      (pools.length === 0 && poolSelectors.length === 0) ||
      pools.includes(pool.name) ||
      matchesAny(poolSelectors, pool.labels),
  );
}

/** MetalLB's rule for lists of selectors: one match is enough, and an empty list covers everything. */
export function covers(selectors: readonly Selector[], labels: Labels): boolean {
  return selectors.length === 0 || matchesAny(selectors, labels);
}
