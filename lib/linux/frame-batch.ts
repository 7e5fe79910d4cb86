/** Frames that go to or come from the kernel many at a call: recvmmsg(2) and sendmmsg(2). */

import { addressOf, checkUnless, recvmmsg, sendmmsg } from "./libc.ts";

/** How many frames one call moves at most. */
export const BATCH_SIZE = 64;

/** Bytes between the beginnings of two frames. A longer frame arrives cut, which no frame that concerns us is. */
export const FRAME_STRIDE = 128;

/** `struct mmsghdr`: a msghdr of 56 bytes, the length, padding. */
const MMSGHDR = { length: 64, iov: 16, iovCount: 24, control: 32, controlLength: 40, received: 56 };
/** `struct iovec`: address, length. */
const IOVEC = { length: 16, size: 8 };
/** `struct cmsghdr` of 16 bytes, then `struct tpacket_auxdata` of 20, aligned. */
const CONTROL = { length: 40, status: 16, vlanTci: 32 };

const TP_STATUS_VLAN_VALID = 0x10;
const VLAN_ID_MASK = 0xfff;
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
  readonly #controls = new DataView(new ArrayBuffer(BATCH_SIZE * CONTROL.length));

  constructor() {
    const frames = addressOf(new Uint8Array(this.frames.buffer));
    const vectors = addressOf(new Uint8Array(this.#vectors.buffer));
    const controls = addressOf(new Uint8Array(this.#controls.buffer));
    for (let index = 0; index < BATCH_SIZE; index++) {
      const vector = index * IOVEC.length;
      this.#vectors.setBigUint64(vector, frames + BigInt(index * FRAME_STRIDE), true);
      this.#vectors.setBigUint64(vector + IOVEC.size, BigInt(FRAME_STRIDE), true);
      const message = index * MMSGHDR.length;
      this.#messages.setBigUint64(message + MMSGHDR.iov, vectors + BigInt(vector), true);
      this.#messages.setBigUint64(message + MMSGHDR.iovCount, 1n, true);
      this.#messages.setBigUint64(
        message + MMSGHDR.control,
        controls + BigInt(index * CONTROL.length),
        true,
      );
    }
  }

  /** Reads what waits, without waiting, and returns the number of frames. */
  receive(descriptor: number): number {
    for (let index = 0; index < BATCH_SIZE; index++) {
      // the kernel overwrote it with what the last frame needed
      this.#messages.setUint32(
        index * MMSGHDR.length + MMSGHDR.controlLength,
        CONTROL.length,
        true,
      );
    }
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

  /** Whether a received frame came with a VLAN id other than 0, which the kernel has taken out of the frame. */
  isTagged(index: number): boolean {
    const control = index * CONTROL.length;
    return (
      (this.#controls.getUint32(control + CONTROL.status, true) & TP_STATUS_VLAN_VALID) !== 0 &&
      (this.#controls.getUint16(control + CONTROL.vlanTci, true) & VLAN_ID_MASK) !== 0
    );
  }

  /** Sends the first frames, each of the same length, and returns how many the link took. */
  send(descriptor: number, count: number, length: number): number {
    for (let index = 0; index < count; index++) {
      this.#vectors.setUint32(index * IOVEC.length + IOVEC.size, length, true);
      this.#messages.setUint32(index * MMSGHDR.length + MMSGHDR.controlLength, 0, true);
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
