import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { CapturedFrame, FromNetwork, ToNetwork } from "#speaker/network/messages.ts";
import type { CaptureRequest } from "./capture-request.ts";

export const MAX_CAPTURES = 4;

/** The network thread ends a capture in time, unless something is wrong with it. */
const GRACE_MS = 2000;

type Order = Extract<ToNetwork, { kind: "capture" | "capture-stop" }>;
type Captured = Extract<FromNetwork, { kind: "captured" }>;

export interface CaptureListener {
  frames(frames: readonly CapturedFrame[]): void;
  /** Told once, and last. */
  ended(): void;
}

/** Has the network thread capture frames, for a few who want to see them. */
export class CaptureAsker {
  readonly #send: (message: Order) => void;
  readonly #clock: Clock;
  readonly #captures = new Map<number, Capture>();
  #lastId = 0;

  constructor(send: (message: Order) => void, clock = systemClock) {
    this.#send = send;
    this.#clock = clock;
  }

  /**
   * Begins a capture, which ends by itself in time, or when it is disposed of. It has its place until that.
   *
   * @returns undefined when there are as many as there may be
   */
  begin(request: CaptureRequest, listener: CaptureListener): Disposable | undefined {
    if (this.#captures.size >= MAX_CAPTURES) {
      return undefined;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const forMs = request.seconds * 1000;
    const capture = new Capture(listener);
    this.#captures.set(id, capture);
    this.#send({
      kind: "capture",
      order: { id, ip: request.ip, maxFrames: request.frames, forMs },
    });
    void this.#clock.delay(forMs + GRACE_MS, capture.signal).then(() => this.#stop(id, capture));
    return {
      [Symbol.dispose]: () => {
        this.#stop(id, capture);
        this.#captures.delete(id);
      },
    };
  }

  hear({ ended, frames, id }: Captured): void {
    const capture = this.#captures.get(id);
    if (capture !== undefined && !capture.signal.aborted) {
      capture.listener.frames(frames);
      if (ended) {
        capture.end();
      }
    }
  }

  #stop(id: number, capture: Capture): void {
    if (!capture.signal.aborted) {
      this.#send({ kind: "capture-stop", id });
      capture.end();
    }
  }
}

class Capture {
  readonly listener: CaptureListener;
  readonly #end = new AbortController();

  constructor(listener: CaptureListener) {
    this.listener = listener;
  }

  /** Aborted when it has ended. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  end(): void {
    this.#end.abort();
    this.listener.ended();
  }
}
