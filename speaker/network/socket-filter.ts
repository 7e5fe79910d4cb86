import { arpFilter, arpFilterForAny, type Instruction } from "#lib/linux/bpf.ts";
import { LinuxError } from "#lib/linux/libc.ts";
import type { Log } from "#lib/log/log.ts";

/** A filter of a thousand addresses takes the kernel a millisecond. */
const EXACT_INTERVAL_MS = 100;

/** The socket whose filter it is. */
export interface FilteredSocket {
  /** @throws {LinuxError} ENOMEM when the filter is too long for the kernel */
  setFilter(filter: readonly Instruction[]): void;
}

/**
 * Keeps the filter of one packet socket in step with the addresses that are answered there. It may pass more than it
 * must, for the thread looks every address up, but never less: a request that it drops is never answered.
 */
export class SocketFilter {
  readonly #socket: FilteredSocket;
  readonly #link: string;
  readonly #log: Log;
  #exactAt = Number.NEGATIVE_INFINITY;
  /** The exact filter would be another. */
  #isStale = false;
  /** Some address does not pass. */
  #isTooTight = false;
  #isKernelFull = false;

  /** @param link name */
  constructor(socket: FilteredSocket, link: string, log: Log) {
    this.#socket = socket;
    this.#link = link;
    this.#log = log;
  }

  /** Is to be called when an address came or went; `tick` is then due. */
  changed(change: "came" | "went"): void {
    this.#isStale = true;
    this.#isTooTight ||= change === "came";
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    if (this.#isTooTight) {
      return Number.NEGATIVE_INFINITY;
    }
    return this.#isStale && !this.#isKernelFull ? this.#exactAt + EXACT_INTERVAL_MS : undefined;
  }

  /** @param addresses all that are answered now, as unsigned integers */
  tick(now: number, addresses: Iterable<number>): void {
    if (this.#isStale && !this.#isKernelFull && now >= this.#exactAt + EXACT_INTERVAL_MS) {
      this.#exactAt = now;
      this.#setExact([...addresses]);
    } else if (this.#isTooTight) {
      this.#socket.setFilter(arpFilterForAny());
    }
    this.#isTooTight = false;
  }

  #setExact(addresses: readonly number[]): void {
    this.#isStale = false;
    try {
      this.#socket.setFilter(arpFilter(addresses));
      this.#log.debug("filter set", { link: this.#link, addresses: addresses.length });
    } catch (error) {
      if (!(error instanceof LinuxError) || error.code !== "ENOMEM") {
        throw error;
      }
      this.#isKernelFull = true;
      this.#socket.setFilter(arpFilterForAny());
      this.#log.warn(
        "the kernel takes no filter for so many addresses: every ARP request now costs time; raise net.core.optmem_max and restart",
        { link: this.#link, addresses: addresses.length },
      );
    }
  }
}
