import type { Family, Ip } from "#lib/address/ip.ts";
import type { Finding, PoolRefusal } from "./decision.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import { acceptableFamilies, type Question } from "./question.ts";

export interface Found {
  readonly ips: readonly Ip[];
  readonly ledger: PoolLedger;
}

/** Searches pools that the Service may use, and keeps why each was passed over. */
export class Search {
  readonly #question: Question;
  readonly #refusals = new Map<string, PoolRefusal>();

  constructor(question: Question) {
    this.#question = question;
  }

  /**
   * Addresses of the first pool that gives all of the most wanted families, or else of the next that will do: a pool that
   * gives both goes before one of higher priority that gives one.
   */
  among(ledgers: readonly PoolLedger[]): Found | undefined {
    for (const families of acceptableFamilies(this.#question)) {
      for (const ledger of ledgers) {
        const ips = this.#take(ledger, families);
        if (ips !== undefined) {
          this.#refusals.delete(ledger.pool.name);
          return { ips, ledger };
        }
      }
    }
    return undefined;
  }

  /** Of the pools that gave nothing, in the order tried. */
  get refusals(): readonly PoolRefusal[] {
    return [...this.#refusals.values()];
  }

  #take(ledger: PoolLedger, families: readonly Family[]): readonly Ip[] | undefined {
    const ips: Ip[] = [];
    for (const family of families) {
      const ip = lowestOf(this.#question, ledger, family);
      if ("reason" in ip) {
        this.#refuse(ledger.pool.name, ip);
        return undefined;
      }
      ips.push(ip);
    }
    return ips;
  }

  /** Of several reasons the one is told that a larger pool would mend. */
  #refuse(pool: string, finding: Finding): void {
    if (this.#refusals.get(pool)?.reason !== "PoolExhausted") {
      this.#refusals.set(pool, { pool, ...finding });
    }
  }
}

/** The lowest address of the family in the pool that the Service may have, or why there is none. */
export function lowestOf(
  { allocations, holder, service }: Question,
  ledger: PoolLedger,
  family: Family,
): Ip | Finding {
  const name = ledger.pool.name;
  if (!ledger.has(family)) {
    return {
      reason: "FamilyMissing",
      message: `${service.key} needs ${family}, and pool "${name}" has no ${family} addresses`,
    };
  }
  const other = family === "IPv4" ? "IPv6" : "IPv4";
  const every = ledger.has(other) ? `Every ${family} address` : "Every address";
  return (
    allocations.lowestFor(holder, ledger, family) ?? {
      reason: "PoolExhausted",
      message: `${every} of pool "${name}" that ${service.key} may use is taken: widen the pool, or delete a Service that uses it`,
    }
  );
}
