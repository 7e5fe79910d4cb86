import type { FrameBatch } from "#lib/linux/frame-batch.ts";
import { type Distribution, Histogram } from "./histogram.ts";

/** Upper bounds of the histogram of answer times, in seconds: both threads count by them. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
];

/** Reading the clock that the kernel stamps frames by costs a system call, so one batch in that many ms is measured. */
const SAMPLE_EVERY_MS = 100;

const NS_PER_SECOND = 1e9;

/** How long requests waited for their answers, of a sample. */
export class Latency {
  readonly #realtimeNs: () => bigint;
  readonly #histogram = new Histogram(LATENCY_BOUNDS);
  #sampleAt = Number.NEGATIVE_INFINITY;

  /** @param realtimeNs nanoseconds since the epoch, by the clock of the kernel's time stamps */
  constructor(realtimeNs: () => bigint) {
    this.#realtimeNs = realtimeNs;
  }

  /** Measures the first frame of a batch whose answers have just left, now and then. */
  sample(received: Pick<FrameBatch, "receivedAtNs">, now: number): void {
    if (now < this.#sampleAt) {
      return;
    }
    const receivedAt = received.receivedAtNs();
    if (receivedAt === undefined) {
      return;
    }
    this.#sampleAt = now + SAMPLE_EVERY_MS;
    this.#count(Number(this.#realtimeNs() - receivedAt) / NS_PER_SECOND);
  }

  /** In seconds. */
  get counts(): Distribution {
    return this.#histogram.distribution;
  }

  /** The clock may have been set in between: then it is no measurement. */
  #count(seconds: number): void {
    if (seconds >= 0) {
      this.#histogram.count(seconds);
    }
  }
}
