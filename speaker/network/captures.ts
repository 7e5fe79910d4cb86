import { FRAME_STRIDE } from "#lib/linux/frame-batch.ts";
import type { HeardAddress } from "./heard-address.ts";
import type { CapturedFrame, CaptureOrder } from "./messages.ts";

/** So many frames go to the main thread in one message. */
const FRAMES_PER_MESSAGE = 64;

/** Frames wait for others at most so long. */
const FLUSH_INTERVAL_MS = 200;

interface Capture {
  readonly order: CaptureOrder;
  readonly endsAt: number;
  left: number;
  frames: CapturedFrame[];
}

export interface CaptureListener {
  captured(id: number, frames: readonly CapturedFrame[], ended: boolean): void;
  /** An address is to be heard, or needs not be any more. */
  changed(ip: string): void;
}

/** Copies of the frames that somebody wants to see, until there are enough of them or their time is over. */
export class Captures {
  readonly #clock: () => number;
  readonly #wallClock: () => number;
  readonly #listener: CaptureListener;
  readonly #captures = new Map<number, Capture>();
  #flushAt = Number.POSITIVE_INFINITY;

  constructor(clock: () => number, wallClock: () => number, listener: CaptureListener) {
    this.#clock = clock;
    this.#wallClock = wallClock;
    this.#listener = listener;
  }

  /** Whether there is anything to be done for a frame. */
  get isActive(): boolean {
    return this.#captures.size > 0;
  }

  /** The addresses whose frames are wanted, in canonical text. */
  get ips(): ReadonlySet<string> {
    return new Set(this.#captures.values().map(({ order }) => order.ip));
  }

  begin(order: CaptureOrder): void {
    const endsAt = this.#clock() + order.forMs;
    this.#captures.set(order.id, { order, endsAt, left: order.maxFrames, frames: [] });
    this.#listener.changed(order.ip);
  }

  end(id: number): void {
    const capture = this.#captures.get(id);
    if (capture !== undefined) {
      this.#captures.delete(id);
      this.#listener.captured(id, capture.frames, true);
      this.#listener.changed(capture.order.ip);
    }
  }

  /** Takes a copy of a frame that is about the address. @param length of the whole frame, of which a stride is there */
  frame(
    address: HeardAddress,
    link: string,
    direction: CapturedFrame["direction"],
    frames: DataView,
    start: number,
    length: number,
  ): void {
    for (const [id, capture] of this.#captures) {
      if (capture.order.ip === address.ip) {
        const bytes = new Uint8Array(frames.buffer, start, Math.min(length, FRAME_STRIDE)).slice();
        capture.frames.push({ atMs: this.#wallClock(), link, direction, bytes, length });
        capture.left -= 1;
        this.#flushAt = Math.min(this.#flushAt, this.#clock() + FLUSH_INTERVAL_MS);
        if (capture.left === 0) {
          this.end(id);
        } else if (capture.frames.length === FRAMES_PER_MESSAGE) {
          this.#flush(id, capture);
        }
      }
    }
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    if (!this.isActive) {
      return undefined;
    }
    return Math.min(this.#flushAt, ...this.#captures.values().map(({ endsAt }) => endsAt));
  }

  tick(now: number): void {
    for (const [id, capture] of this.#captures) {
      if (now >= capture.endsAt) {
        this.end(id);
      } else if (now >= this.#flushAt) {
        this.#flush(id, capture);
      }
    }
    if (now >= this.#flushAt) {
      this.#flushAt = Number.POSITIVE_INFINITY;
    }
  }

  #flush(id: number, capture: Capture): void {
    if (capture.frames.length > 0) {
      this.#listener.captured(id, capture.frames, false);
      capture.frames = [];
    }
  }
}
