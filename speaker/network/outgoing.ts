import { BATCH_SIZE, FRAME_STRIDE, type FrameBatch } from "#lib/linux/frame-batch.ts";
import type { HeardAddress } from "./heard-address.ts";

/** Where a frame is to be written: the same bytes twice. */
export interface FramePlace {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

/** Gives the place for the next frame, which is of no use after the next call. */
export type NextFrame = () => FramePlace;

export interface OutgoingOptions {
  readonly batch: FrameBatch;
  readonly descriptor: number;
  /** Bytes of every frame. */
  readonly frameLength: number;
  /** Whether somebody wants to see the frames. */
  isWatched(): boolean;
  /** Told of each frame just before it leaves, if so. @param at where it begins */
  leaving(about: HeardAddress, frames: DataView, at: number): void;
}

/** Frames that leave by one socket, as many at a call as a batch holds. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #place: FramePlace;
  /** What the frames of the batch are about. */
  readonly #abouts: HeardAddress[] = [];
  #about: HeardAddress | undefined;
  #count = 0;
  #taken = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    const view = options.batch.frames;
    this.#place = { view, bytes: new Uint8Array(view.buffer), at: 0 };
  }

  /** Gives places for frames about the address, until this is called again. */
  about(address: HeardAddress): NextFrame {
    this.#about = address;
    return this.#next;
  }

  readonly #next: NextFrame = () => {
    if (this.#count === BATCH_SIZE) {
      this.#send();
    }
    if (this.#about !== undefined) {
      this.#abouts[this.#count] = this.#about;
    }
    this.#place.at = this.#count * FRAME_STRIDE;
    this.#count += 1;
    return this.#place;
  };

  /** Sends what waits, and says how many frames the link took since this was last called. */
  flush(): number {
    this.#send();
    const taken = this.#taken;
    this.#taken = 0;
    return taken;
  }

  #send(): void {
    if (this.#count === 0) {
      return;
    }
    const { batch, descriptor, frameLength, isWatched } = this.#options;
    if (isWatched()) {
      this.#tell();
    }
    this.#taken += batch.send(descriptor, this.#count, frameLength);
    this.#count = 0;
  }

  #tell(): void {
    for (const [index, about] of this.#abouts.slice(0, this.#count).entries()) {
      this.#options.leaving(about, this.#place.view, index * FRAME_STRIDE);
    }
  }
}
