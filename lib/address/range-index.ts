/** Ranges that do not overlap, each with a value, found by an address in O(log n). */

import type { Family, Ip } from "./ip.ts";
import type { IpRange } from "./ip-range.ts";

type Entry<T> = readonly [range: IpRange, value: T];

export class RangeIndex<T> {
  readonly #sorted: Readonly<Record<Family, readonly Entry<T>[]>>;

  constructor(entries: readonly Entry<T>[]) {
    const sorted = entries.toSorted(([a], [b]) => (a.first < b.first ? -1 : 1));
    this.#sorted = {
      IPv4: sorted.filter(([range]) => range.family === "IPv4"),
      IPv6: sorted.filter(([range]) => range.family === "IPv6"),
    };
  }

  /** The value of the range that the address is in. */
  find(ip: Ip): T | undefined {
    const entries = this.#sorted[ip.family];
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [range, value] = entries[middle] as Entry<T>;
      if (ip.value < range.first) {
        high = middle;
      } else if (ip.value > range.last) {
        low = middle + 1;
      } else {
        return value;
      }
    }
    return undefined;
  }
}
