/** Answers a second on one link, to all together. */
export const DEFAULT_ANSWER_RATE = 100_000;

/** Of those, to one MAC address: no host has to resolve a thousand times a second. */
export const DEFAULT_ANSWER_RATE_PER_CLIENT = 1_000;

/** What a bucket holds, in the time that fills it: a client may ask for two thousand addresses at once. */
const CLIENT_BURST_MS = 2_000;
const LINK_BURST_MS = 50;

/** Clients are kept in sets of `WAYS`; each MAC address belongs to one of the sets. */
const CLIENTS = 4_096;
const WAYS = 8;
const SET_BITS = Math.log2(CLIENTS / WAYS);

/** Of a client: when its bucket is full, and its MAC address as 16 and 32 bits. */
const CLIENT = { fullAt: 0, macHigh: 8, macLow: 12, length: 16 };

/** An odd number with its bits well mixed: 2^32 divided by the golden ratio. */
const MULTIPLIER = 0x9e37_79b1;

/**
 * Bounds the answers of one link: a token bucket for each client, and one for all. A bucket is kept as the instant at
 * which it is full if nobody takes from it until then.
 *
 * Its memory is fixed: a new client takes the place of the one in its set whose bucket is the fullest. A client that was
 * forgotten has a full bucket again, so a flood of invented MAC addresses takes nothing from anyone's own bucket. It
 * does empty the link's, and then everyone is answered in proportion to what he sends.
 */
export class RateLimit {
  readonly #msPerLinkAnswer: number;
  readonly #msPerClientAnswer: number;
  /** Zeros are a client too, with a full bucket. */
  readonly #clients = new DataView(new ArrayBuffer(CLIENTS * CLIENT.length));
  #linkFullAt = 0;

  /** @param bounds answers a second; 0: any number */
  constructor(bounds: { readonly perLink: number; readonly perClient: number }) {
    this.#msPerLinkAnswer = msPerAnswer(bounds.perLink);
    this.#msPerClientAnswer = msPerAnswer(bounds.perClient);
  }

  /** Whether one more answer may go to the MAC address; if so, it counts as sent. */
  allows(macHigh: number, macLow: number, now: number): boolean {
    if (this.#linkFullAt >= now + LINK_BURST_MS || !this.#takeOfClient(macHigh, macLow, now)) {
      return false;
    }
    this.#linkFullAt = Math.max(this.#linkFullAt, now) + this.#msPerLinkAnswer;
    return true;
  }

  #takeOfClient(macHigh: number, macLow: number, now: number): boolean {
    if (this.#msPerClientAnswer === 0) {
      return true;
    }
    const client = this.#findPlace(macHigh, macLow);
    const fullAt = this.#clients.getFloat64(client + CLIENT.fullAt);
    if (fullAt >= now + CLIENT_BURST_MS) {
      return false;
    }
    this.#clients.setFloat64(
      client + CLIENT.fullAt,
      Math.max(fullAt, now) + this.#msPerClientAnswer,
    );
    return true;
  }

  /** The place of the client; if it had none, it has that of the fullest now. */
  #findPlace(macHigh: number, macLow: number): number {
    const clients = this.#clients;
    const hash = Math.imul(Math.imul(macLow, MULTIPLIER) ^ macHigh, MULTIPLIER);
    const first = (hash >>> (32 - SET_BITS)) * WAYS * CLIENT.length;
    let fullest = first;
    for (let way = 0; way < WAYS; way++) {
      const client = first + way * CLIENT.length;
      if (
        clients.getUint32(client + CLIENT.macLow) === macLow &&
        clients.getUint16(client + CLIENT.macHigh) === macHigh
      ) {
        return client;
      }
      if (
        clients.getFloat64(client + CLIENT.fullAt) < clients.getFloat64(fullest + CLIENT.fullAt)
      ) {
        fullest = client;
      }
    }
    clients.setFloat64(fullest + CLIENT.fullAt, 0);
    clients.setUint16(fullest + CLIENT.macHigh, macHigh);
    clients.setUint32(fullest + CLIENT.macLow, macLow);
    return fullest;
  }
}

function msPerAnswer(perSecond: number): number {
  return perSecond === 0 ? 0 : 1_000 / perSecond;
}
