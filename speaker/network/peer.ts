import { memberId } from "#lib/wire/member-id.ts";
import { ReplayWindow } from "#lib/wire/replay-window.ts";
import type { PacketHeader } from "#lib/wire/sealed-packet.ts";
import { freshnessToken, sha256 } from "./packet-crypto.ts";
import { StartKeys } from "./start-keys.ts";

/** Nobody needs more of them, and who plays packets again does not get more. */
const REPLY_EVERY_MS = 50;

const SECRET_LENGTH = 32;

/** Why a packet does not count that the peer is told something about. */
export type ReplyCause = "not-fresh" | "unknown-key";

/** A start of the peer of which a fresh packet was received. */
interface Life {
  readonly keys: StartKeys;
  /** What it has to echo. */
  readonly token: bigint;
  readonly window: ReplayWindow;
}

/**
 * Another member, as far as packets go.
 *
 * A recorded packet must never count, so each start of the peer has to echo a token that it can only have from here. The
 * tokens of starts not heard yet hang on a secret that is drawn anew with each start that is: from then on whatever
 * earlier starts have sent, echo included, is void. So no clock is needed, and nothing is kept of earlier starts.
 */
export class Peer {
  readonly name: string;
  readonly id: bigint;
  /** What the peer wants to have echoed; zero until it has told. */
  token = 0n;
  readonly #random: (length: number) => Uint8Array;
  #secret: Uint8Array;
  #life: Life | undefined;
  /** Ids of the membership keys that the last fresh packet showed: the one that sealed it, and the newest. */
  #shownKeys: readonly number[] = [];
  /** Apart, for anyone can invent packets of the second sort. */
  readonly #repliedAt: Record<ReplyCause, number> = {
    "not-fresh": Number.NEGATIVE_INFINITY,
    "unknown-key": Number.NEGATIVE_INFINITY,
  };

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

  /** Whether a packet of the start that was heard last came before, or may have. */
  hasSeen({ startNonce, sequence }: PacketHeader): boolean {
    return this.#lifeOf(startNonce)?.window.has(sequence) === true;
  }

  /** Those of a start that was not heard are kept by nobody: whoever invents starts fills nothing. */
  keysOf(startNonce: bigint): StartKeys {
    return this.#lifeOf(startNonce)?.keys ?? new StartKeys(this.id, startNonce);
  }

  /** What a start of the peer has to echo. */
  tokenFor(startNonce: bigint): bigint {
    return this.#lifeOf(startNonce)?.token ?? freshnessToken(this.#secret, this.id, startNonce);
  }

  /** Takes note of an authentic packet. */
  see({ startNonce, sequence }: PacketHeader): void {
    this.#lifeOf(startNonce)?.window.add(sequence);
  }

  /** Takes note of a fresh packet: its start is the one that counts from now on. */
  hear({ startNonce, sequence, keyId }: PacketHeader, keys: StartKeys, newestKeyId: number): void {
    const token = this.tokenFor(startNonce);
    if (this.#lifeOf(startNonce) === undefined) {
      this.#life = { keys, token, window: new ReplayWindow(sequence) };
      this.#secret = this.#random(SECRET_LENGTH);
    }
    this.#shownKeys = [keyId, newestKeyId];
  }

  /** Whether the last fresh packet showed that the peer holds the membership key. */
  holds(keyId: number): boolean {
    return this.#shownKeys.includes(keyId);
  }

  /** Whether a packet that does not count may be replied to; if so, it counts as done. */
  mayReply(cause: ReplyCause, now: number): boolean {
    const may = now - this.#repliedAt[cause] >= REPLY_EVERY_MS;
    if (may) {
      this.#repliedAt[cause] = now;
    }
    return may;
  }

  #lifeOf(startNonce: bigint): Life | undefined {
    return this.#life?.keys.startNonce === startNonce ? this.#life : undefined;
  }
}
