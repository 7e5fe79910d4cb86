import type { Member } from "#lib/membership/member.ts";
import type { Candidates, GroupDemand } from "./candidates.ts";

/** Who refused to take something over may be asked again then. */
const ASK_AGAIN_MS = 1_000;

const NEVER = Number.POSITIVE_INFINITY;

export interface GivingOptions {
  readonly self: string;
  readonly member: Member;
  /** How long another must have been first until it is offered a group; undefined: never. */
  readonly failbackMs: number | undefined;
  /** Whether nodes answer with the MAC addresses of others: some switches do not let such answers pass. Yes by default. */
  readonly hasSurrogates?: boolean | undefined;
}

export interface Gift {
  /** Undefined: this node keeps the group. */
  readonly to: string | undefined;
  /** When to look again though nothing has happened. */
  readonly lookAt: number;
}

/** To whom this node gives what it owns. */
export class Giving {
  readonly #options: GivingOptions;
  readonly #candidates: Candidates;

  constructor(options: GivingOptions, candidates: Candidates) {
    this.#options = options;
    this.#candidates = candidates;
  }

  /** @param mayAsk whether the node has not refused lately */
  giftOf(demand: GroupDemand, now: number, mayAsk: (node: string) => boolean): Gift {
    const { self } = this.#options;
    const others = this.#candidates.fit(demand).filter((node) => node !== self);
    const willing = others.filter(mayAsk);
    const order = [...demand.order];
    const askAgainAt = willing.length < others.length ? now + ASK_AGAIN_MS : NEVER;
    if (!(order.includes(self) && this.#candidates.isFit(self, demand))) {
      return { to: willing[0], lookAt: askAgainAt };
    }
    // the first or nobody: one in between would only hand it on to the first
    const first = willing[0];
    if (first === undefined || order.indexOf(first) > order.indexOf(self)) {
      return { to: undefined, lookAt: askAgainAt };
    }
    const stableAt = this.#stableAt(first, now);
    return now >= stableAt ? { to: first, lookAt: NEVER } : { to: undefined, lookAt: stableAt };
  }

  /** When the node is alive for long enough to be given back what it is first for. */
  #stableAt(node: string, now: number): number {
    const { failbackMs = NEVER, member } = this.#options;
    return (member.aliveSince(node) ?? now) + failbackMs;
  }
}
