import { BATCH_SIZE, FRAME_STRIDE, type FrameBatch } from "#lib/linux/frame-batch.ts";

/** Where a frame is to be written: the same bytes twice. */
export interface FramePlace {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

/** Gives the place for the next frame, which is of no use after the next call. */
export type NextFrame = () => FramePlace;

/** Frames that leave by one socket, as many at a call as a batch holds. */
export class Outgoing {
  readonly #batch: FrameBatch;
  readonly #descriptor: number;
  readonly #frameLength: number;
  readonly #place: FramePlace;
  #count = 0;
  #taken = 0;

  /** @param frameLength bytes of every frame */
  constructor(batch: FrameBatch, descriptor: number, frameLength: number) {
    this.#batch = batch;
    this.#descriptor = descriptor;
    this.#frameLength = frameLength;
    const view = batch.frames;
    this.#place = { view, bytes: new Uint8Array(view.buffer), at: 0 };
  }

  readonly next: NextFrame = () => {
    if (this.#count === BATCH_SIZE) {
      this.#send();
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
    if (this.#count > 0) {
      this.#taken += this.#batch.send(this.#descriptor, this.#count, this.#frameLength);
      this.#count = 0;
    }
  }
}
