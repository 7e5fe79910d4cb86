import type { Mac } from "#lib/wire/mac.ts";

/** DEFEND_INTERVAL of RFC 5227 §2.4 (c). */
const DEFEND_INTERVAL_MS = 10_000;

/** A host that claims under ever new MAC addresses is news so often at most, and for so many of them. */
const TELL_INTERVAL_MS = 1_000;
const MAX_TOLD_MACS = 8;

/** A foreign host that claims an address, and where it was heard. */
export interface Claim {
  readonly mac: Mac;
  /** Name of the link. */
  readonly link: string;
}

/** What is known of the foreign hosts that claim one address, until all of them have been silent for long enough. */
export class Dispute {
  #heardAt: number;
  readonly #told = new Set<Mac>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #untold: Claim | undefined;
  /** By name of the link. */
  readonly #defendedAt = new Map<string, number>();

  /** @param now taken for the last instant at which somebody was heard */
  constructor(now: number) {
    this.#heardAt = now;
  }

  /** When a foreign host was heard last. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** When `takeNews` has something at the earliest; Infinity: not before somebody else is heard. */
  get tellAt(): number {
    return this.#untold === undefined ? Number.POSITIVE_INFINITY : this.#toldAt + TELL_INTERVAL_MS;
  }

  /** Nobody could have been heard until now. */
  waitAnew(now: number): void {
    this.#heardAt = now;
  }

  hear(mac: Mac, link: string, now: number): void {
    this.#heardAt = now;
    if (!this.#told.has(mac) && this.#told.size < MAX_TOLD_MACS) {
      this.#untold = { mac, link };
    }
  }

  /** Gives the last claim of a host that nobody was told of yet, and notes that it is told now. */
  takeNews(now: number): Claim | undefined {
    if (now < this.tellAt) {
      return undefined;
    }
    const news = this.#untold;
    if (news !== undefined) {
      this.#untold = undefined;
      this.#told.add(news.mac);
      this.#toldAt = now;
    }
    return news;
  }

  /** Whether the address may be defended on the link; if so, it counts as done. */
  mayDefend(link: string, now: number): boolean {
    if (now < (this.#defendedAt.get(link) ?? Number.NEGATIVE_INFINITY) + DEFEND_INTERVAL_MS) {
      return false;
    }
    this.#defendedAt.set(link, now);
    return true;
  }
}
