import { formatRange, type IpRange } from "#lib/address/ip-range.ts";
import type { MemberInfo } from "#lib/membership/member-record.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { MAX_MACS, MAX_SUBNETS } from "#lib/wire/member-records.ts";

/** A link that can answer, as far as the others are to know of it. */
export interface OwnLink {
  readonly index: number;
  readonly name: string;
  readonly mac: Mac;
  readonly hasCarrier: boolean;
  /** That it shares with others. */
  readonly subnets: readonly IpRange[];
}

/** What this node tells the others of itself. */
export class OwnInfo {
  readonly #isInUse: (link: Pick<OwnLink, "name" | "subnets">) => boolean;
  /**
   * The subnets of each link when it last had a carrier, by index: who configures links may take addresses away with the
   * carrier. A link that never had one is not in use.
   */
  readonly #subnets = new Map<number, readonly IpRange[]>();
  #lost: readonly string[] = [];
  #hasLost = false;

  /** @param isInUse whether nodes or announced addresses are reached by the link */
  constructor(isInUse: (link: Pick<OwnLink, "name" | "subnets">) => boolean) {
    this.#isInUse = isInUse;
  }

  /** Names of the links in use that have lost their carrier, for which this node is impaired. */
  get lost(): readonly string[] {
    return this.#lost;
  }

  /** Whether any link has lost its carrier, so that it matters what is in use. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  of(links: readonly OwnLink[], isDraining: boolean): MemberInfo {
    for (const { hasCarrier, index, subnets } of links) {
      if (hasCarrier) {
        this.#subnets.set(index, subnets);
      }
    }
    this.#lost = this.#lostAmong(links);
    return {
      macs: [...new Set(links.map(({ mac }) => mac))].slice(0, MAX_MACS),
      subnets: tellable(links.flatMap(({ subnets }) => subnets)),
      isDraining,
      isImpaired: this.#lost.length > 0,
    };
  }

  #lostAmong(links: readonly OwnLink[]): readonly string[] {
    const lost = links.flatMap(({ hasCarrier, index, name }) => {
      const subnets = hasCarrier ? undefined : this.#subnets.get(index);
      return subnets === undefined ? [] : { name, subnets };
    });
    this.#hasLost = lost.length > 0;
    // with no carrier at all nobody hears this node anyway
    return links.some(({ hasCarrier }) => hasCarrier)
      ? lost.filter(this.#isInUse).map(({ name }) => name)
      : [];
  }
}

/** What of these subnets a record can tell. A node that counted on more of its own than the others know would own alone. */
function tellable(subnets: readonly IpRange[]): readonly IpRange[] {
  const withoutDoubles = new Map(subnets.map((subnet) => [formatRange(subnet), subnet])).values();
  return [...withoutDoubles.take(MAX_SUBNETS)];
}
