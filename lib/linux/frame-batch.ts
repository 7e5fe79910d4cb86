/** Frames that go to or come from the kernel many at a call: recvmmsg(2) and sendmmsg(2). */

import { addressOf, checkUnless, recvmmsg, sendmmsg } from "./libc.ts";

/** How many frames one call moves at most. */
export const BATCH_SIZE = 64;

/** Bytes between the beginnings of two frames. A longer frame arrives cut, which no frame that concerns us is. */
export const FRAME_STRIDE = 128;

/** `struct mmsghdr`: a msghdr of 56 bytes, the length, padding. */
const MMSGHDR = { length: 64, iov: 16, iovCount: 24, received: 56 };
/** `struct iovec`: address, length. */
const IOVEC = { length: 16, size: 8 };
const MSG_DONTWAIT = 0x40;

/** Nothing to read, or the link went away, of which netlink tells. */
const NOTHING_TO_READ: ReadonlySet<string> = new Set(["EAGAIN", "EINTR", "ENETDOWN", "ENODEV"]);

/** The queue of the link is full or the link went away: what is not sent is lost, as on any Ethernet. */
const NOT_SENT: ReadonlySet<string> = new Set([
  ...NOTHING_TO_READ,
  "ENOBUFS",
  "ENXIO",
  "ENETUNREACH",
]);

export class FrameBatch {
  /** All frames, one every `FRAME_STRIDE` bytes. */
  readonly frames = new DataView(new ArrayBuffer(BATCH_SIZE * FRAME_STRIDE));
  readonly #messages = new DataView(new ArrayBuffer(BATCH_SIZE * MMSGHDR.length));
  readonly #messageBytes = new Uint8Array(this.#messages.buffer);
  readonly #vectors = new DataView(new ArrayBuffer(BATCH_SIZE * IOVEC.length));

  constructor() {
    const frames = addressOf(new Uint8Array(this.frames.buffer));
    const vectors = addressOf(new Uint8Array(this.#vectors.buffer));
    for (let index = 0; index < BATCH_SIZE; index++) {
      const vector = index * IOVEC.length;
      this.#vectors.setBigUint64(vector, frames + BigInt(index * FRAME_STRIDE), true);
      this.#vectors.setBigUint64(vector + IOVEC.size, BigInt(FRAME_STRIDE), true);
      const message = index * MMSGHDR.length;
      this.#messages.setBigUint64(message + MMSGHDR.iov, vectors + BigInt(vector), true);
      this.#messages.setBigUint64(message + MMSGHDR.iovCount, 1n, true);
    }
  }

  /** Reads what waits, without waiting, and returns the number of frames. */
  receive(descriptor: number): number {
    return (
      checkUnless(
        recvmmsg(descriptor, this.#messageBytes, BATCH_SIZE, MSG_DONTWAIT, null),
        NOTHING_TO_READ,
        "receive from a packet socket",
      ) ?? 0
    );
  }

  /** Bytes of a received frame, at most `FRAME_STRIDE`. */
  length(index: number): number {
    return this.#messages.getUint32(index * MMSGHDR.length + MMSGHDR.received, true);
  }

  /** Sends the first frames, each of the same length, and returns how many the link took. */
  send(descriptor: number, count: number, length: number): number {
    for (let index = 0; index < count; index++) {
      this.#vectors.setUint32(index * IOVEC.length + IOVEC.size, length, true);
    }
    return (
      checkUnless(
        sendmmsg(descriptor, this.#messageBytes, count, MSG_DONTWAIT),
        NOT_SENT,
        "send by a packet socket",
      ) ?? 0
    );
  }
}
