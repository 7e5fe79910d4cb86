import { memberId } from "#lib/wire/member-id.ts";
import { ReplayWindow } from "#lib/wire/replay-window.ts";
import type { PacketHeader } from "#lib/wire/sealed-packet.ts";
import { freshnessToken, sha256 } from "./packet-crypto.ts";
import { StartKeys } from "./start-keys.ts";

/** Nobody needs more of them, and who plays packets again does not get more. */
const REPLY_EVERY_MS = 50;

const SECRET_LENGTH = 32;

/** Besides the one that counts. Whoever has recorded packets of more starts than that makes some of them strangers again. */
const MAX_OTHER_STARTS = 8;

/** A start of the peer of which an authentic packet was received, be it recorded. */
interface Start {
  readonly keys: StartKeys;
  readonly window: ReplayWindow;
  /** When a packet of it that was not fresh was last replied to. */
  repliedAt: number;
}

/** The start of which a fresh packet was received last. */
interface Life {
  readonly start: Start;
  /** What it has to echo. */
  readonly token: bigint;
}

/**
 * Another member, as far as packets go.
 *
 * A recorded packet must never count, so each start of the peer has to echo a token that it can only have from here. The
 * tokens of starts not heard yet hang on a secret that is drawn anew with each start that is: from then on whatever
 * earlier starts have sent, echo included, is void. So no clock is needed. The last few other starts are kept, so that
 * their recorded packets cost little, and take no reply from a start that is real.
 */
export class Peer {
  readonly name: string;
  readonly id: bigint;
  /** What the peer wants to have echoed; zero until it has told. */
  token = 0n;
  readonly #random: (length: number) => Uint8Array;
  #secret: Uint8Array;
  #life: Life | undefined;
  /** By nonce, the latest met last. */
  readonly #otherStarts = new Map<bigint, Start>();
  /** Ids of the membership keys that the last fresh packet showed: the one that sealed it, and the newest. */
  #shownKeys: readonly number[] = [];
  /** Apart, for anyone can invent packets of another key. */
  #repliedToOtherKeyAt = Number.NEGATIVE_INFINITY;

  /** @param random gives as many random bytes */
  constructor(name: string, random: (length: number) => Uint8Array) {
    this.name = name;
    this.id = memberId(name, sha256);
    this.#random = random;
    this.#secret = random(SECRET_LENGTH);
  }

  /** Whether any fresh packet was received. */
  get isHeard(): boolean {
    return this.#life !== undefined;
  }

  /** Whether an authentic packet of the start was received, and it is not forgotten. */
  knows(startNonce: bigint): boolean {
    return this.#startOf(startNonce) !== undefined;
  }

  /** Whether a packet of a known start came before, or may have. */
  hasSeen({ startNonce, sequence }: PacketHeader): boolean {
    return this.#startOf(startNonce)?.window.has(sequence) === true;
  }

  /** Those of a start that is not known are kept by nobody: whoever invents starts fills nothing. */
  keysOf(startNonce: bigint): StartKeys {
    return this.#startOf(startNonce)?.keys ?? new StartKeys(this.id, startNonce);
  }

  /** What a start of the peer has to echo. */
  tokenFor(startNonce: bigint): bigint {
    return this.#life?.start.keys.startNonce === startNonce
      ? this.#life.token
      : freshnessToken(this.#secret, this.id, startNonce);
  }

  /** Takes note of an authentic packet. @param keys of its start */
  see({ sequence }: PacketHeader, keys: StartKeys): void {
    const known = this.#startOf(keys.startNonce);
    if (known === undefined) {
      const window = new ReplayWindow(sequence);
      this.#keep({ keys, window, repliedAt: Number.NEGATIVE_INFINITY });
    } else {
      known.window.add(sequence);
    }
  }

  /** Takes note that the packet that was seen is fresh: its start is the one that counts from now on. */
  hear({ startNonce, keyId }: PacketHeader, newestKeyId: number): void {
    const start = this.#otherStarts.get(startNonce);
    if (start !== undefined) {
      const token = this.tokenFor(startNonce);
      this.#otherStarts.delete(startNonce);
      if (this.#life !== undefined) {
        this.#keep(this.#life.start);
      }
      this.#life = { start, token };
      this.#secret = this.#random(SECRET_LENGTH);
    }
    this.#shownKeys = [keyId, newestKeyId];
  }

  /** Whether the last fresh packet showed that the peer holds the membership key. */
  holds(keyId: number): boolean {
    return this.#shownKeys.includes(keyId);
  }

  /** Whether a packet that was seen and is not fresh may be replied to; if so, it counts as done. */
  mayReply(startNonce: bigint, now: number): boolean {
    const start = this.#startOf(startNonce);
    if (start === undefined || now - start.repliedAt < REPLY_EVERY_MS) {
      return false;
    }
    start.repliedAt = now;
    return true;
  }

  /** The same of a packet of a key that is not held. */
  mayReplyToOtherKey(now: number): boolean {
    const may = now - this.#repliedToOtherKeyAt >= REPLY_EVERY_MS;
    if (may) {
      this.#repliedToOtherKeyAt = now;
    }
    return may;
  }

  #startOf(startNonce: bigint): Start | undefined {
    return this.#life?.start.keys.startNonce === startNonce
      ? this.#life.start
      : this.#otherStarts.get(startNonce);
  }

  #keep(start: Start): void {
    const [oldest] = this.#otherStarts.keys();
    if (oldest !== undefined && this.#otherStarts.size >= MAX_OTHER_STARTS) {
      this.#otherStarts.delete(oldest);
    }
    this.#otherStarts.set(start.keys.startNonce, start);
  }
}
