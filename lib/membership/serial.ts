/**
 * Numbers of 32 bits that only grow, and begin anew after the last (RFC 1982). No cluster counts that far; but whatever
 * number a broken peer tells, there is one that comes after it, so nothing that it says is the last word.
 */

const HALF = 2 ** 31;
const LAST = 2 ** 32 - 1;

/** Whether the number comes after the other: by less than half of all numbers, or by half and greater. */
export function isAfter(one: number, other: number): boolean {
  const distance = (one - other) >>> 0;
  // RFC 1982 leaves the order of two that are half of all apart open; then both would be kept for ever
  return distance === HALF ? one > other : distance > 0 && distance < HALF;
}

/** The number that comes after; 0 stands for none yet, and comes never again. */
export function nextAfter(number: number): number {
  return number === LAST ? 1 : number + 1;
}
