import { type Family, formatIp, type Ip } from "#lib/address/ip.ts";

/** An address that another host was found to use: nobody is given it by choice for a while. */
export interface SetAside {
  readonly ip: Ip;
  /** When that ends, in milliseconds since 1970. */
  readonly untilMs: number;
  /** How long it takes in all, in milliseconds. */
  readonly holdMs: number;
}

/** How long an address is set aside the first time, unless told otherwise. */
export const FIRST_HOLD_MS = 600_000;

const DAY_MS = 86_400_000;

/** However often it was found in use. */
export const MOST_HOLD_MS = DAY_MS;

/** For so long after its end it is remembered how long it was: found in use again by then, the address stays aside for longer. */
const MEMORY_MS = DAY_MS;

/** So many that a ConfigMap of 1 MiB has room for them beside those that were released. */
export const MAX_SET_ASIDE = 2048;

/**
 * The addresses that are set aside, and those that were a short while ago. Who is given an address probes it first, so
 * that one which is still in use when its time is over is set aside again, for twice as long.
 */
export class SetAsideAddresses implements Iterable<SetAside> {
  readonly #firstHoldMs: number;
  readonly #known = new Map<string, SetAside>();
  readonly #active: Readonly<Record<Family, Set<bigint>>> = { IPv4: new Set(), IPv6: new Set() };
  /** Forgotten before their time, for there were too many. */
  #dropped: Ip[] = [];
  /** When the first of the active ones ends, or earlier. */
  #nextMs = Number.POSITIVE_INFINITY;
  #count = 0;

  /** @param firstHoldMs how long an address is set aside the first time */
  constructor(firstHoldMs: number) {
    this.#firstHoldMs = firstHoldMs;
  }

  /** How many times an address was set aside; it only grows. */
  get count(): number {
    return this.#count;
  }

  [Symbol.iterator](): Iterator<SetAside> {
    return this.#known.values();
  }

  /** Values of those that `takeEnded` has not ended yet: the same sets, whatever becomes of the addresses. */
  get active(): Readonly<Record<Family, ReadonlySet<bigint>>> {
    return this.#active;
  }

  get hasActive(): boolean {
    return this.#active.IPv4.size + this.#active.IPv6.size > 0;
  }

  /** Those that `takeEnded` has not ended yet. */
  *activeIps(): Generator<Ip> {
    for (const family of ["IPv4", "IPv6"] as const) {
      for (const value of this.#active[family]) {
        yield { family, value };
      }
    }
  }

  /** What is known of an address, be it set aside or not any more. */
  get(ip: Ip): SetAside | undefined {
    return this.#known.get(formatIp(ip));
  }

  /** Sets the address aside, unless it is already. */
  add(ip: Ip, nowMs: number): SetAside {
    const before = this.get(ip);
    if (before !== undefined && nowMs < before.untilMs) {
      return before;
    }
    const isAgain = before !== undefined && nowMs < before.untilMs + MEMORY_MS;
    const holdMs = isAgain ? Math.min(2 * before.holdMs, MOST_HOLD_MS) : this.#firstHoldMs;
    const added = { ip, untilMs: nowMs + holdMs, holdMs };
    this.#count += 1;
    this.#put(added, nowMs);
    this.#forget(nowMs, added);
    return added;
  }

  /** Those that an earlier life set aside, which are no news; by a clock that went wrong for no longer than they take. */
  restore(known: Iterable<SetAside>, nowMs: number): void {
    for (const { ip, untilMs, holdMs } of known) {
      this.#put({ ip, untilMs: Math.min(untilMs, nowMs + holdMs), holdMs }, nowMs);
    }
    this.#forget(nowMs);
  }

  /** When the next one ends, if there is one, or earlier: milliseconds since 1970. */
  get nextEndMs(): number | undefined {
    return this.#nextMs === Number.POSITIVE_INFINITY ? undefined : this.#nextMs;
  }

  /** Those whose time is over, each once. */
  takeEnded(nowMs: number): readonly Ip[] {
    if (nowMs < this.#nextMs) {
      return NONE;
    }
    const ended = this.#dropped;
    this.#dropped = [];
    this.#nextMs = Number.POSITIVE_INFINITY;
    for (const { ip, untilMs } of this.#known.values()) {
      if (untilMs > nowMs) {
        this.#nextMs = Math.min(this.#nextMs, untilMs);
      } else if (this.#active[ip.family].delete(ip.value)) {
        ended.push(ip);
      }
    }
    return ended;
  }

  #put(setAside: SetAside, nowMs: number): void {
    const { ip, untilMs } = setAside;
    this.#known.set(formatIp(ip), setAside);
    if (nowMs < untilMs) {
      this.#active[ip.family].add(ip.value);
      this.#nextMs = Math.min(this.#nextMs, untilMs);
    }
  }

  /** @param kept is not forgotten, though its time be over before that of all others */
  #forget(nowMs: number, kept?: SetAside): void {
    const others = [...this.#known.values()].filter((one) => one !== kept);
    others.sort((a, b) => a.untilMs - b.untilMs);
    const tooMany = this.#known.size - MAX_SET_ASIDE;
    for (const [index, { ip, untilMs }] of others.entries()) {
      if (index >= tooMany && nowMs < untilMs + MEMORY_MS) {
        break;
      }
      this.#known.delete(formatIp(ip));
      if (this.#active[ip.family].delete(ip.value)) {
        this.#dropped.push(ip);
        this.#nextMs = Number.NEGATIVE_INFINITY;
      }
    }
  }
}

const NONE: readonly Ip[] = [];
