import type { Cause } from "#lib/election/claimant-effect.ts";
import { Histogram } from "./histogram.ts";
import type { NetworkCounts } from "./messages.ts";

/** Upper bounds of the histogram of failovers, in seconds: both threads count by them. */
export const FAILOVER_BOUNDS: readonly number[] = [
  0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.7, 1, 1.5, 2, 5, 10,
];

/** The same of how late heartbeats left: the patience of others begins at 0.05. */
export const LATENESS_BOUNDS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
];

const MS_PER_SECOND = 1_000;

/** What this node counts of its own part among the members. */
export class MemberCounts {
  readonly #self: string;
  readonly #failovers = new Histogram(FAILOVER_BOUNDS);
  readonly #lateness = new Histogram(LATENESS_BOUNDS);

  /** @param self name of this node */
  constructor(self: string) {
    this.#self = self;
  }

  /** The member has its turn, and its heartbeats leave if they are due. */
  ticks(now: number, beatsAt: number): void {
    if (now >= beatsAt) {
      this.#lateness.count((now - beatsAt) / MS_PER_SECOND);
    }
  }

  /** A group has another owner. */
  ownerChanged(to: string | undefined, { afterMs }: Cause): void {
    if (to === this.#self && afterMs !== undefined) {
      this.#failovers.count(afterMs / MS_PER_SECOND);
    }
  }

  get all(): Pick<NetworkCounts["membership"], "failovers" | "heartbeatLateness"> {
    return {
      failovers: this.#failovers.distribution,
      heartbeatLateness: this.#lateness.distribution,
    };
  }
}
