import { MAX_INTERVALS } from "#lib/linux/address-filter.ts";
import type { Instruction } from "#lib/linux/bpf.ts";
import { LinuxError } from "#lib/linux/libc.ts";
import type { Log } from "#lib/log/log.ts";

/** To make the filter of ten thousand addresses and to have the kernel compile it takes 5 ms. */
const EXACT_INTERVAL_MS = 100;

/** Of random addresses, 300 were seen to fit into the 20,480 bytes that kernels before 6.8 give a socket, and 350 not. */
const COARSE_INTERVALS = 250;

/** What is tried in turn: how many intervals of addresses, and what to tell when the kernel refuses them. */
const LADDER = [
  {
    maxIntervals: MAX_INTERVALS,
    refused:
      "the kernel takes no exact filter for so many addresses: questions for some that are not ours cost time too; raise net.core.optmem_max to 131072 and restart",
  },
  {
    maxIntervals: COARSE_INTERVALS,
    refused:
      "the kernel takes no filter for addresses: every question on the link costs time; raise net.core.optmem_max to 131072 and restart",
  },
] as const;

/** Of the loosest: the one that is there stays, and passes no address that came since. */
const NO_ROOM =
  "the kernel has no room for any filter: new addresses are not answered until it has; raise net.core.optmem_max to 131072";

/** The socket whose filter it is. */
export interface FilteredSocket {
  /** @throws {LinuxError} ENOMEM when the kernel has no room for the filter beside the one that it replaces */
  setFilter(filter: readonly Instruction[]): void;
}

/**
 * Makes a filter for the addresses of this moment.
 *
 * @param maxIntervals how closely it may keep to them; undefined: it passes whatever the address
 */
type MakeFilter = (maxIntervals: number | undefined) => readonly Instruction[];

/**
 * Keeps the filter of one packet socket in step with the addresses that are heard there. It may pass more than it must,
 * for the thread looks every address up, but never less: a request that it drops is never answered.
 */
export class SocketFilter {
  readonly #socket: FilteredSocket;
  readonly #link: string;
  readonly #log: Log;
  readonly #make: MakeFilter;
  #exactAt = Number.NEGATIVE_INFINITY;
  /** The exact filter would be another. */
  #isStale = false;
  /** Some address does not pass. */
  #isTooTight = false;
  /** Every address passes. */
  #isOpen = false;
  /** As many instructions, or more, are not tried again: the kernel had no room for them. */
  #refusedLength = Number.POSITIVE_INFINITY;
  /** The warnings that were given. */
  readonly #warned = new Set<string>();

  /**
   * @param socket whose filter passes no address yet
   * @param link name
   */
  constructor(socket: FilteredSocket, link: string, log: Log, make: MakeFilter) {
    this.#socket = socket;
    this.#link = link;
    this.#log = log;
    this.#make = make;
  }

  /** Is to be called when an address came or went; `tick` is then due. */
  changed(change: "came" | "went"): void {
    this.#isStale = true;
    this.#isTooTight ||= change === "came" && !this.#isOpen;
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    if (this.#isTooTight) {
      return Number.NEGATIVE_INFINITY;
    }
    return this.#isStale ? this.#exactAt + EXACT_INTERVAL_MS : undefined;
  }

  tick(now: number): void {
    if (this.#isStale && now >= this.#exactAt + EXACT_INTERVAL_MS) {
      this.#exactAt = now;
      this.#isStale = false;
      this.#setTightest();
    } else if (this.#isTooTight) {
      this.#open();
    }
    this.#isTooTight = false;
  }

  #setTightest(): void {
    // first, for the kernel has both for a moment: where the tight one has room beside the open one, the way back has too
    if (!this.#open()) {
      return;
    }
    for (const { maxIntervals, refused } of LADDER) {
      const filter = this.#make(maxIntervals);
      if (this.#isTaken(filter)) {
        this.#isOpen = false;
        this.#log.debug("filter set", { link: this.#link, instructions: filter.length });
        return;
      }
      this.#warnOnce(refused, filter.length);
    }
  }

  /** Returns whether the kernel had room for the filter. */
  #isTaken(filter: readonly Instruction[]): boolean {
    if (filter.length >= this.#refusedLength) {
      return false;
    }
    try {
      this.#socket.setFilter(filter);
      return true;
    } catch (error) {
      if (!isOutOfMemory(error)) {
        throw error;
      }
      this.#refusedLength = filter.length;
      return false;
    }
  }

  /** Returns whether every address passes; if the kernel has no room even for that, it is tried again in a moment. */
  #open(): boolean {
    if (this.#isOpen) {
      return true;
    }
    const filter = this.#make(undefined);
    try {
      this.#socket.setFilter(filter);
      this.#isOpen = true;
    } catch (error) {
      if (!isOutOfMemory(error)) {
        throw error;
      }
      this.#isStale = true;
      this.#warnOnce(NO_ROOM, filter.length);
    }
    return this.#isOpen;
  }

  #warnOnce(refused: string, instructions: number): void {
    if (!this.#warned.has(refused)) {
      this.#warned.add(refused);
      this.#log.warn(refused, { link: this.#link, instructions });
    }
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof LinuxError && error.code === "ENOMEM";
}
