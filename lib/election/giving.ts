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
    const { self } = this.#options;
    const isFit = this.#candidates.isFit(self, demand);
    let first: string | undefined;
    let askAgainAt = NEVER;
    for (let place = 0; place < demand.order.length; place++) {
      const node = demand.order.at(place) ?? "";
      if (node === self && isFit) {
        return this.#giftToPreferred(group, first, askAgainAt, now);
      }
      if (node !== self && this.#candidates.isFit(node, demand)) {
        const askAt = askableAt(node);
        if (askAt > now) {
          askAgainAt = Math.min(askAgainAt, askAt);
        } else {
          first ??= node;
        }
      }
    }
    return { to: first, lookAt: askAgainAt };
  }

  /** To the first or to nobody: one in between would only hand it on to the first. */
  #giftToPreferred(group: Group, first: string | undefined, askAgainAt: number, now: number): Gift {
    if (first === undefined) {
      group.preferred = undefined;
      return askAgainAt === NEVER ? NOTHING : { to: undefined, lookAt: askAgainAt };
    }
    const stableAt = preferredSince(group, first, now) + this.#options.failbackMs;
    return now >= stableAt ? { to: first, lookAt: NEVER } : { to: undefined, lookAt: stableAt };
  }
}

/** Since when it is that node without a break: it may have died, drained or lost a link since it was alive first. */
function preferredSince(group: Group, node: string, now: number): number {
  if (group.preferred?.node !== node) {
    group.preferred = { node, since: now };
  }
  return group.preferred.since;
}
