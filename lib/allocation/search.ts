import type { Family, Ip } from "#lib/address/ip.ts";
import { ANNOTATION } from "#lib/api/annotations.ts";
import type { PoolFinding, PoolRefusal } from "./decision.ts";
import { acceptableFamilies } from "./families.ts";
import { quotaReached, refuseService } from "./permission.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import type { Question } from "./question.ts";
import { besides } from "./set-aside-sentence.ts";

export interface Found {
  readonly ips: readonly Ip[];
  readonly ledger: PoolLedger;
}

/** Searches pools for addresses that the Service may use, and keeps why each was passed over. */
export class Search {
  readonly #question: Question;
  readonly #isAskedFor: boolean;
  /** Undefined as long as the first pool gives what is wanted, as it mostly does. */
  #refusals: Map<string, PoolRefusal> | undefined;

  /** @param isAskedFor the pools are those that the Service names: autoAssign is of no account */
  constructor(question: Question, isAskedFor: boolean) {
    this.#question = question;
    this.#isAskedFor = isAskedFor;
  }

  /**
   * Addresses of the first pool that gives all of the most wanted families, or else of the next that will do: a pool that
   * gives both goes before one of higher priority that gives one.
   */
  among(ledgers: readonly PoolLedger[]): Found | undefined {
    for (const families of acceptableFamilies(this.#question.service)) {
      for (const ledger of ledgers) {
        const ips = this.#take(ledger, families);
        if (ips !== undefined) {
          this.#refusals?.delete(ledger.pool.name);
          return { ips, ledger };
        }
      }
    }
    return undefined;
  }

  /** Of the pools that gave nothing, in the order tried. */
  get refusals(): readonly PoolRefusal[] {
    return this.#refusals === undefined ? [] : [...this.#refusals.values()];
  }

  #take(ledger: PoolLedger, families: readonly Family[]): readonly Ip[] | undefined {
    const finding = this.#refusePool(ledger);
    const ips = finding ?? lowestOf(this.#question, ledger, families);
    if ("reason" in ips) {
      this.#refuse(ledger.pool.name, ips);
      return undefined;
    }
    return ips;
  }

  #refusePool(ledger: PoolLedger): PoolFinding | undefined {
    return (
      (this.#isAskedFor ? undefined : refuseUnasked(this.#question, ledger)) ??
      refuseService(this.#question, ledger)
    );
  }

  /** Of several reasons the one is told that a larger pool would mend. */
  #refuse(pool: string, finding: PoolFinding): void {
    this.#refusals ??= new Map();
    const known = this.#refusals.get(pool);
    if (known === undefined || known.reason === "FamilyMissing") {
      this.#refusals.set(pool, { pool, ...finding });
    }
  }
}

/** Why the pool gives nothing to a Service that does not ask for it. */
export function refuseUnasked(
  { service }: Question,
  { pool }: PoolLedger,
): PoolFinding | undefined {
  return pool.autoAssign
    ? undefined
    : {
        reason: "AutoAssignOff",
        message: `Pool "${pool.name}" gives addresses only to those that ask (autoAssign is off): give ${service.key} the annotation ${ANNOTATION.addressPool}`,
        because: "autoAssign is off",
      };
}

/**
 * The lowest address of each family in the pool that the Service may have, or why there is none.
 *
 * Where the namespace may have fewer addresses than that, those that other Services of it hold already take the place of
 * as many as need be, of the last family first.
 *
 * @param already how many addresses of the pool are counted to the Service beside these
 */
export function lowestOf(
  question: Question,
  ledger: PoolLedger,
  families: readonly Family[],
  already = 0,
): readonly Ip[] | PoolFinding {
  const { allocations, holder } = question;
  const missing = families.find((family) => !ledger.has(family));
  if (missing !== undefined) {
    return familyMissing(question, ledger, missing);
  }
  const left = allocations.quotaLeft(holder, ledger) - already;
  for (const joining of left < families.length ? subsetsOf(families) : [[]]) {
    const ips = families.map((family) =>
      allocations.lowestFor(holder, ledger, family, joining.includes(family)),
    );
    const exhausted = families[ips.indexOf(undefined)];
    if (exhausted !== undefined && joining.length === 0) {
      return poolExhausted(question, ledger, exhausted);
    }
    const found = ips.filter((ip) => ip !== undefined);
    const added = found.filter((ip) => !allocations.isHeldInNamespace(ip, holder));
    const isWithin = added.length === 0 || added.length <= left;
    if (found.length === families.length && isWithin) {
      return found;
    }
  }
  return quotaReached(question, ledger, families.length);
}

/** The last family alone goes before the first alone, so that the address that is listed first is the lowest. */
function subsetsOf(families: readonly Family[]): readonly (readonly Family[])[] {
  const [first, second] = families;
  return first !== undefined && second !== undefined
    ? [[], [second], [first], [first, second]]
    : [[], families];
}

function familyMissing({ service }: Question, { pool }: PoolLedger, family: Family): PoolFinding {
  return {
    reason: "FamilyMissing",
    message: `${service.key} needs ${family}, and pool "${pool.name}" has no ${family} addresses`,
    because: `it has no ${family} addresses`,
  };
}

function poolExhausted(question: Question, ledger: PoolLedger, family: Family): PoolFinding {
  const other = family === "IPv4" ? "IPv6" : "IPv4";
  const every = ledger.has(other) ? `Every ${family} address` : "Every address";
  const setAside = countSetAside(question, ledger, family);
  const free = `0 of ${ledger.capacity[family]} free`;
  return {
    reason: "PoolExhausted",
    message: `${every} of pool "${ledger.pool.name}" that ${question.service.key} may use is taken${besides(setAside)}: widen the pool, or delete a Service that uses it`,
    because: `${family} exhausted: ${free}${setAside > 0 ? `, ${setAside} set aside` : ""}`,
    setAside,
  };
}

/** How many addresses the Service would be given, were they not set aside. */
function countSetAside(
  { allocations, holder }: Question,
  ledger: PoolLedger,
  family: Family,
): number {
  if (!allocations.setAside.hasActive) {
    return 0; // As nearly always; thousands may be refused at once.
  }
  const ips = allocations.setAsideByPool().get(ledger) ?? [];
  return ips.filter(
    (ip) =>
      ip.family === family &&
      !allocations.pools.isAvoided(ip) &&
      allocations.obstacleToGive(ip, holder) === undefined,
  ).length;
}
