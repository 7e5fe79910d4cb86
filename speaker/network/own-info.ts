import { formatRange, type IpRange } from "#lib/address/ip-range.ts";
import type { MemberInfo } from "#lib/membership/member-record.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { MAX_MACS, MAX_SUBNETS } from "#lib/wire/member-records.ts";

/** A link that can answer, as far as the others are to know of it. */
export interface OwnLink {
  readonly index: number;
  readonly mac: Mac;
  readonly hasCarrier: boolean;
}

/** What this node tells the others of itself. */
export class OwnInfo {
  /** Indexes of links that had a carrier: one that never had is not in use. */
  readonly #used = new Set<number>();

  /** @param subnets of the same links */
  of(links: readonly OwnLink[], subnets: readonly IpRange[], isDraining: boolean): MemberInfo {
    for (const { hasCarrier, index } of links) {
      if (hasCarrier) {
        this.#used.add(index);
      }
    }
    const lost = links.filter(({ hasCarrier, index }) => !hasCarrier && this.#used.has(index));
    return {
      macs: [...new Set(links.map(({ mac }) => mac))].slice(0, MAX_MACS),
      subnets: tellable(subnets),
      isDraining,
      // with no carrier at all nobody hears this node anyway
      isImpaired: lost.length > 0 && links.some(({ hasCarrier }) => hasCarrier),
    };
  }
}

/** What of these subnets a record can tell. A node that counted on more of its own than the others know would own alone. */
function tellable(subnets: readonly IpRange[]): readonly IpRange[] {
  const withoutDoubles = new Map(subnets.map((subnet) => [formatRange(subnet), subnet])).values();
  return [...withoutDoubles.take(MAX_SUBNETS)];
}
