import type { NodeOrder } from "./candidates.ts";

/** The nodes that all orders have, in the order of the first; if there are none, those of the first. */
export function commonOrder(first: NodeOrder, others: readonly NodeOrder[]): NodeOrder {
  if (others.length === 0) {
    return first;
  }
  const allowed = others.map((order) => new Set(order));
  const common = [...first].filter((node) => allowed.every((nodes) => nodes.has(node)));
  return common.length > 0 ? common : first;
}
