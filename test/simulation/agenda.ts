import TinyQueue from "tinyqueue";
import { hashNumber } from "#lib/membership/hash.ts";

interface Entry {
  readonly at: number;
  /** What was put down first happens first. */
  readonly number: number;
  readonly act: () => void;
}

/** So much in one millisecond never ends. */
const MOST_A_MILLISECOND = 100_000;

/** Virtual time: what is to happen, in its order. Milliseconds. */
export class Agenda {
  readonly #queue = new TinyQueue<Entry>([], (a, b) => a.at - b.at || a.number - b.number);
  #number = 0;
  #now = 0;
  #hash = 0;
  #millisecond = 0;
  #inMillisecond = 0;

  get now(): number {
    return this.#now;
  }

  /** A hash of when everything happened; 32 bits. */
  get hash(): number {
    return this.#hash;
  }

  at(at: number, act: () => void): void {
    this.#number += 1;
    this.#queue.push({ at: Math.max(at, this.#now), number: this.#number, act });
  }

  after(ms: number, act: () => void): void {
    this.at(this.#now + ms, act);
  }

  /**
   * Lets everything happen until then.
   *
   * @param happened called after each
   * @throws {RangeError} when it does not come to an end
   */
  runUntil(end: number, happened: () => void): void {
    let next = this.#queue.peek();
    while (next !== undefined && next.at <= end) {
      this.#queue.pop();
      this.#now = next.at;
      this.#count();
      this.#hash = hashNumber(Math.round(next.at * 1_000), this.#hash);
      next.act();
      happened();
      next = this.#queue.peek();
    }
    this.#now = end;
  }

  #count(): void {
    const millisecond = Math.floor(this.#now);
    this.#inMillisecond = millisecond === this.#millisecond ? this.#inMillisecond + 1 : 0;
    this.#millisecond = millisecond;
    if (this.#inMillisecond > MOST_A_MILLISECOND) {
      throw new RangeError(`At ${millisecond} ms no end of what is to be done`);
    }
  }
}
