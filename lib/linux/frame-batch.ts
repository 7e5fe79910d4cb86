/** Frames that go to or come from the kernel many at a call: recvmmsg(2) and sendmmsg(2). */

import { addressOf, checkUnless, recvmmsg, sendmmsg } from "./libc.ts";
import { timespecNs } from "./realtime-clock.ts";

/** How many frames one call moves at most. */
export const BATCH_SIZE = 64;

/** Bytes between the beginnings of two frames. Of a longer frame the rest is lost, which no frame that concerns us is. */
export const FRAME_STRIDE = 256;

/** `struct mmsghdr`: a msghdr of 56 bytes, the length, padding. */
const MMSGHDR = { length: 64, iov: 16, iovCount: 24, control: 32, controlLength: 40, received: 56 };
/** `struct iovec`: address, length. */
const IOVEC = { length: 16, size: 8 };
/** `struct cmsghdr` with a timespec: length, level, type, then the time. */
const CMSG = { length: 32, type: 12, data: 16 };
const SCM_TIMESTAMPNS = 35;

const MSG_DONTWAIT = 0x40;
/** Tells how long a frame was, also when there was no room for all of it. */
const MSG_TRUNC = 0x20;

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
  /** What the kernel says beside the first frame of a batch. */
  readonly #control = new DataView(new ArrayBuffer(CMSG.length));
  /** Whether all vectors have the length of the room for a frame. */
  #isAllRoom = true;

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
    const control = addressOf(new Uint8Array(this.#control.buffer));
    this.#messages.setBigUint64(MMSGHDR.control, control, true);
  }

  /** Reads what waits, without waiting, and returns the number of frames. */
  receive(descriptor: number): number {
    if (!this.#isAllRoom) {
      this.#setLengths(BATCH_SIZE, FRAME_STRIDE);
      this.#isAllRoom = true;
    }
    this.#messages.setUint32(MMSGHDR.controlLength, CMSG.length, true);
    this.#control.setInt32(CMSG.type, 0, true);
    return (
      checkUnless(
        recvmmsg(descriptor, this.#messageBytes, BATCH_SIZE, MSG_DONTWAIT | MSG_TRUNC, null),
        NOTHING_TO_READ,
        "receive from a packet socket",
      ) ?? 0
    );
  }

  /** Bytes that a received frame had; of more than `FRAME_STRIDE` only those are there. */
  length(index: number): number {
    return this.#messages.getUint32(index * MMSGHDR.length + MMSGHDR.received, true);
  }

  /**
   * When the first frame of the last batch came to this machine, nanoseconds since the epoch as `realtimeNs` tells
   * them; undefined when the socket was not opened for it.
   */
  receivedAtNs(): bigint | undefined {
    const isThere = this.#control.getInt32(CMSG.type, true) === SCM_TIMESTAMPNS;
    return isThere ? timespecNs(this.#control, CMSG.data) : undefined;
  }

  /** Sends the first frames, each of the same length, and returns how many the link took. */
  send(descriptor: number, count: number, length: number): number {
    this.#isAllRoom = false;
    this.#setLengths(count, length);
    this.#messages.setUint32(MMSGHDR.controlLength, 0, true);
    return (
      checkUnless(
        sendmmsg(descriptor, this.#messageBytes, count, MSG_DONTWAIT),
        NOT_SENT,
        "send by a packet socket",
      ) ?? 0
    );
  }

  #setLengths(count: number, length: number): void {
    for (let index = 0; index < count; index++) {
      this.#vectors.setUint32(index * IOVEC.length + IOVEC.size, length, true);
    }
  }
}
