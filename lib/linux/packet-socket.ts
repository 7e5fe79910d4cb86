import { attachFilter } from "./attach-filter.ts";
import type { Instruction } from "./bpf.ts";
import {
  bind,
  check,
  close,
  getsockopt,
  intOption,
  NONBLOCK_CLOEXEC,
  setsockopt,
  socket,
} from "./libc.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_TIMESTAMPNS = 35;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_STATISTICS = 6;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;

/** Room for what arrives while the thread is busy for some milliseconds; the kernel takes no more than rmem_max. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

/**
 * Room for some 2,700 frames that the link has yet to take, where the default has room for 280: a takeover announces
 * thousands of addresses at once. The kernel takes no more than wmem_max.
 */
const SEND_BUFFER_BYTES = 1 << 20;

const SOCKADDR_LL_LENGTH = 20;
const PACKET_MREQ_LENGTH = 16;

const NO_PERMISSION = "permission denied: give the container the NET_RAW capability";
const OPEN_MENDS = { EPERM: NO_PERMISSION, EACCES: NO_PERMISSION };

export interface PacketSocketOptions {
  /** Of the frames that it hears, and of those that it sends. */
  readonly etherType: number;
  readonly filter: readonly Instruction[];
  /** Has the network card pass what is for others too, for as long as the socket is open: some drop broadcasts otherwise. */
  readonly promiscuous?: boolean;
  /** Has the kernel note when a frame arrived. */
  readonly timestamps?: boolean;
}

/** Frames of a socket since it was opened. */
export interface SocketStatistics {
  /** That passed the filter, the dropped ones included. */
  readonly packets: number;
  /** That found the queue of the socket full. */
  readonly drops: number;
}

/** A packet socket for the frames of one protocol on one link, but not for those that this machine sends: packet(7). */
export class PacketSocket {
  readonly descriptor: number;
  /** `struct tpacket_stats`: packets, drops. */
  readonly #news = new DataView(new ArrayBuffer(8));
  #packets = 0;
  #drops = 0;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /**
   * Opens one that hears nothing but what the filter passes, from the first frame on.
   *
   * @throws {LinuxError} when the capability is missing, the link is gone, or the filter is too long
   */
  static open(
    link: { readonly index: number; readonly name: string },
    options: PacketSocketOptions,
  ): PacketSocket {
    const { etherType, filter, promiscuous = false, timestamps = false } = options;
    const what = `open a packet socket on ${link.name}`;
    // of protocol 0, which is none: frames are queued from bind on, when the filter is there
    const descriptor = check(socket(AF_PACKET, SOCK_RAW | NONBLOCK_CLOEXEC, 0), what, OPEN_MENDS);
    const opened = new PacketSocket(descriptor);
    try {
      opened.setFilter(filter);
      opened.#set(SOL_PACKET, PACKET_IGNORE_OUTGOING, intOption(1), what);
      opened.#set(SOL_SOCKET, SO_RCVBUF, intOption(RECEIVE_BUFFER_BYTES), what);
      opened.#set(SOL_SOCKET, SO_SNDBUF, intOption(SEND_BUFFER_BYTES), what);
      if (timestamps) {
        opened.#set(SOL_SOCKET, SO_TIMESTAMPNS, intOption(1), what);
      }
      check(bind(descriptor, linkAddress(link.index, etherType), SOCKADDR_LL_LENGTH), what);
      if (promiscuous) {
        opened.#set(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuousMembership(link.index), what);
      }
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  }

  /**
   * Puts another filter in the place of the last, between two frames. For a moment the kernel has both.
   *
   * @throws {LinuxError} ENOMEM when `net.core.optmem_max` is too small for it, or for both
   */
  setFilter(filter: readonly Instruction[]): void {
    attachFilter(this.descriptor, filter);
  }

  statistics(): SocketStatistics {
    const { descriptor } = this;
    const length = intOption(this.#news.byteLength);
    const news = new Uint8Array(this.#news.buffer);
    // reading it sets the kernel's counters to zero
    check(
      getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, news, length),
      "read the counters of a packet socket",
    );
    this.#packets += this.#news.getUint32(0, true);
    this.#drops += this.#news.getUint32(4, true);
    return { packets: this.#packets, drops: this.#drops };
  }

  close(): void {
    close(this.descriptor);
  }

  #set(level: number, option: number, value: Uint8Array, what: string): void {
    check(setsockopt(this.descriptor, level, option, value, value.length), what);
  }
}

/** `struct sockaddr_ll`: all frames of one protocol on one link. */
function linkAddress(index: number, etherType: number): Uint8Array {
  const address = new DataView(new ArrayBuffer(SOCKADDR_LL_LENGTH));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, etherType);
  address.setInt32(4, index, true);
  return new Uint8Array(address.buffer);
}

/** `struct packet_mreq`. */
function promiscuousMembership(index: number): Uint8Array {
  const membership = new DataView(new ArrayBuffer(PACKET_MREQ_LENGTH));
  membership.setInt32(0, index, true);
  membership.setUint16(4, PACKET_MR_PROMISC, true);
  return new Uint8Array(membership.buffer);
}
