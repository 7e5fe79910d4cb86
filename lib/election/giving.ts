import type { Candidates } from "./candidates.ts";
import type { ClaimantOptions } from "./claimant-options.ts";
import type { Group } from "./group.ts";

const NEVER = Number.POSITIVE_INFINITY;

type GivingOptions = Pick<ClaimantOptions, "failbackMs" | "self">;

export interface Gift {
  /** Undefined: this node keeps the group. */
  readonly to: string | undefined;
  /** When to look again though nothing has happened. */
  readonly lookAt: number;
}

const NOTHING: Gift = { to: undefined, lookAt: NEVER };

/** To whom this node gives what it owns. */
export class Giving {
  readonly #options: GivingOptions;
  readonly #candidates: Candidates;

  constructor(options: GivingOptions, candidates: Candidates) {
    this.#options = options;
    this.#candidates = candidates;
  }

  /** @param askableAt when the node, which may have refused lately, can be asked again */
  giftOf(group: Group, now: number, askableAt: (node: string) => number): Gift {
    const { demand } = group;
    const { failbackMs, self } = this.#options;
    const isFit = this.#candidates.isFit(self, demand);
    let preferred: string | undefined;
    let willing: string | undefined;
    let askAgainAt = NEVER;
    for (let place = 0; place < demand.order.length; place++) {
      const node = demand.order.at(place) ?? "";
      if (node === self && isFit) {
        return giftBack(group, preferred, now, { failbackMs, askableAt });
      }
      if (node !== self && this.#candidates.isFit(node, demand)) {
        const askAt = askableAt(node);
        preferred ??= node;
        willing ??= askAt <= now ? node : undefined;
        askAgainAt = askAt > now ? Math.min(askAgainAt, askAt) : askAgainAt;
      }
    }
    return { to: willing, lookAt: askAgainAt };
  }
}

/** To the first or to nobody: one in between would only hand it on to the first. */
function giftBack(
  group: Group,
  preferred: string | undefined,
  now: number,
  { askableAt, failbackMs }: { askableAt(node: string): number; readonly failbackMs: number },
): Gift {
  if (preferred === undefined) {
    group.preferred = undefined;
    return NOTHING;
  }
  const since = preferredSince(group, preferred, now);
  const giveAt = Math.max(since + failbackMs, askableAt(preferred));
  return now >= giveAt ? { to: preferred, lookAt: NEVER } : { to: undefined, lookAt: giveAt };
}

/** Since when it is that node without a break: it may have died, drained or lost a link since it was alive first. */
function preferredSince(group: Group, node: string, now: number): number {
  if (group.preferred?.node !== node) {
    group.preferred = { node, since: now };
  }
  return group.preferred.since;
}
