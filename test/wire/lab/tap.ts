import koffi from "koffi";
import {
  bind,
  check,
  close,
  intOption,
  NONBLOCK_CLOEXEC,
  recvfrom,
  send,
  setsockopt,
  socket,
} from "#lib/linux/libc.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SIOCGSTAMPNS = 0x8907;
const PACKET_OUTGOING = 4;

const RECEIVE_BUFFER_BYTES = 16 << 20;
const SOCKADDR_LL = { length: 20, packetType: 10 };
const TIMESPEC_LENGTH = 16;
/** No frame here is longer. */
const MAX_FRAME_LENGTH = 2048;

const ioctl: (descriptor: number, request: number, argument: Uint8Array) => number = koffi
  .load(null)
  .func("int ioctl(int, ulong, void *)");

export interface HeardFrame {
  /** Milliseconds since the epoch, by the kernel's clock. */
  readonly atMs: number;
  /** As the host sees it. */
  readonly direction: "in" | "out";
  readonly bytes: Uint8Array;
}

/** A socket on a host's link that sends frames as they are given, and hears all that comes and goes there, unfiltered. */
export class Tap implements Disposable {
  readonly #descriptor: number;
  readonly #heard: HeardFrame[] = [];
  readonly #buffer = new Uint8Array(MAX_FRAME_LENGTH);
  readonly #source = new Uint8Array(SOCKADDR_LL.length);
  readonly #sourceLength = intOption(SOCKADDR_LL.length);
  readonly #stamp = new DataView(new ArrayBuffer(TIMESPEC_LENGTH));
  readonly #stampBytes = new Uint8Array(this.#stamp.buffer);

  /** To be called in the host's namespace. */
  constructor(linkIndex: number) {
    const address = new DataView(new ArrayBuffer(SOCKADDR_LL.length));
    address.setUint16(0, AF_PACKET, true);
    address.setUint16(2, ETH_P_ALL);
    address.setInt32(4, linkIndex, true);
    const what = "tap a link";
    const descriptor = check(socket(AF_PACKET, SOCK_RAW | NONBLOCK_CLOEXEC, 0), what);
    this.#descriptor = descriptor;
    const size = intOption(RECEIVE_BUFFER_BYTES);
    check(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length), what);
    // the first call fails, for nothing was heard, and has the kernel note when frames come
    ioctl(descriptor, SIOCGSTAMPNS, this.#stampBytes);
    check(bind(descriptor, new Uint8Array(address.buffer), SOCKADDR_LL.length), what);
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      check(send(this.#descriptor, frame, frame.length, 0), "send a frame");
    }
  }

  /** All that was heard since the last `forget`. */
  heard(): readonly HeardFrame[] {
    for (let length = this.#receive(); length >= 0; length = this.#receive()) {
      check(ioctl(this.#descriptor, SIOCGSTAMPNS, this.#stampBytes), "read the time of a frame");
      const seconds = Number(this.#stamp.getBigInt64(0, true));
      const nanoseconds = Number(this.#stamp.getBigInt64(8, true));
      this.#heard.push({
        atMs: seconds * 1_000 + nanoseconds / 1e6,
        direction: this.#source[SOCKADDR_LL.packetType] === PACKET_OUTGOING ? "out" : "in",
        bytes: this.#buffer.slice(0, length),
      });
    }
    return this.#heard;
  }

  forget(): void {
    this.heard();
    this.#heard.length = 0;
  }

  [Symbol.dispose](): void {
    close(this.#descriptor);
  }

  /** Less than zero when nothing waits. */
  #receive(): number {
    const buffer = this.#buffer;
    return recvfrom(this.#descriptor, buffer, buffer.length, 0, this.#source, this.#sourceLength);
  }
}
