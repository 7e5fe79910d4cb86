/** All observers of one address, or of the addresses of one Service, at one time. */

import { type Acquaintance, type Findings, findIn, steadyOwner, worstOf } from "./findings.ts";
import { now, Observer, type ObserverOptions } from "./observer.ts";
import { ASK_EVERY_MS, type ObservationRecord, type Span } from "./record.ts";

/** What was written down is to be read after so long. */
const WRITTEN_WITHIN_MS = 3 * ASK_EVERY_MS;

export interface SeenRecord {
  readonly title: string;
  /** Whether its packets tell something of the address. */
  readonly hasBackend: boolean;
  readonly record: ObservationRecord;
}

export class Observation implements AsyncDisposable {
  readonly #observers: readonly Observer[];

  private constructor(observers: readonly Observer[]) {
    this.#observers = observers;
  }

  static async start(options: readonly ObserverOptions[]): Promise<Observation> {
    const observers = options.map((one) => new Observer(one));
    await Promise.all(observers.map((observer) => observer.start()));
    return new Observation(observers);
  }

  /** The MAC that alone had every address for so long, up to now, and was reached; else why there is none. */
  steadyOwner(forMs: number): ReturnType<typeof steadyOwner> {
    const toMs = now() - WRITTEN_WITHIN_MS;
    const span = { fromMs: toMs - forMs, toMs };
    const owners = this.#observers.map(({ recentRecord }) => steadyOwner(recentRecord, span));
    const macs = new Set(owners.map((owner) => ("mac" in owner ? owner.mac : undefined)));
    const whyNot = owners.find((owner) => "why" in owner);
    if (macs.size > 1 && whyNot === undefined) {
      return { why: `${[...macs].join(" and ")} have an address each` };
    }
    return whyNot ?? owners[0] ?? { why: "nothing is observed" };
  }

  async end(): Promise<readonly SeenRecord[]> {
    return await Promise.all(
      this.#observers.map(async (observer) => ({
        title: observer.title,
        hasBackend: observer.hasBackend,
        record: await observer.end(),
      })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#observers.map((observer) => observer[Symbol.asyncDispose]()));
  }
}

const NO_PACKETS = { longestGapMs: 0, lost: 0, sent: 0 } as const;

/** The worst that any of them saw. */
export function findInAll(
  seen: readonly SeenRecord[],
  span: Span,
  acquaintance: Acquaintance,
): Findings {
  return worstOf(
    seen.map(({ hasBackend, record }) => {
      const findings = findIn(record, span, acquaintance);
      return hasBackend ? findings : { ...findings, ...NO_PACKETS };
    }),
  );
}
