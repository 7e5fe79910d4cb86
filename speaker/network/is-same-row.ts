import type { Row } from "./messages.ts";

/** Whether the network thread has nothing to learn from one after the other; that a row is new no more is no news. */
export function isSameRow(a: Row | undefined, b: Row | undefined): boolean {
  const { isNew: _, ...one } = a ?? {};
  const { isNew: __, ...other } = b ?? {};
  return JSON.stringify(one) === JSON.stringify(other);
}
