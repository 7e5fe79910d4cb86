import type { Family, Ip } from "#lib/address/ip.ts";
import {
  bind,
  check,
  checkUnless,
  close,
  intOption,
  LinuxError,
  NONBLOCK_CLOEXEC,
  recvfrom,
  sendto,
  setsockopt,
  socket,
} from "./libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** Room for what comes while the thread is busy; the kernel takes no more than rmem_max, and doubles it for its own needs. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

/** `struct sockaddr_in` and `sockaddr_in6`. */
const ADDRESS_LENGTH = { IPv4: 16, IPv6: 28 } as const;

const NOTHING_TO_READ: ReadonlySet<string> = new Set(["EAGAIN", "EINTR"]);

/** The way to one peer is cut for now, or its host told so by ICMP: the datagram is lost, as any may be. */
const NOT_SENT: ReadonlySet<string> = new Set([
  "EAGAIN",
  "ENOBUFS",
  "EPERM",
  "EACCES",
  "EADDRNOTAVAIL",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "EINVAL",
]);

/** A UDP socket that never blocks, for a thread without an event loop: udp(7). */
export class UdpSocket {
  readonly descriptor: number;
  /** Where the datagram came from that was received last, as `send` takes it; the next one overwrites it. */
  readonly source: Uint8Array;
  readonly #sourceLength: Uint8Array;

  private constructor(descriptor: number, family: Family) {
    this.descriptor = descriptor;
    this.source = new Uint8Array(ADDRESS_LENGTH[family]);
    // the kernel writes the same length back, for all addresses of a family have one
    this.#sourceLength = intOption(this.source.length);
  }

  /**
   * Opens one on every address of the family.
   *
   * @throws {LinuxError} EADDRINUSE when the port is taken, EAFNOSUPPORT when the machine lacks the family
   */
  static open(family: Family, port: number): UdpSocket {
    const what = `receive on UDP port ${port}`;
    const domain = family === "IPv4" ? AF_INET : AF_INET6;
    const descriptor = check(socket(domain, SOCK_DGRAM | NONBLOCK_CLOEXEC, 0), what);
    const opened = new UdpSocket(descriptor, family);
    try {
      const room = intOption(RECEIVE_BUFFER_BYTES);
      check(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, room, room.length), what);
      if (family === "IPv6") {
        check(setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, intOption(1), 4), what);
      }
      const address = socketAddress({ family, value: 0n }, port);
      check(bind(descriptor, address, address.length), what, {
        EADDRINUSE: `another process has the port: find it with "ss -lup sport = :${port}" and stop it, or set another port on all nodes`,
      });
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  }

  /** Returns whether the datagram left. */
  send(datagram: Uint8Array, to: Uint8Array): boolean {
    const sent = sendto(this.descriptor, datagram, datagram.length, 0, to, to.length);
    return checkUnless(sent, NOT_SENT, "send a datagram") !== undefined;
  }

  /** Reads one datagram, and returns its length, or undefined when none waits. A longer one arrives cut. */
  receive(buffer: Uint8Array): number | undefined {
    const { descriptor, source } = this;
    return checkUnless(
      recvfrom(descriptor, buffer, buffer.length, 0, source, this.#sourceLength),
      NOTHING_TO_READ,
      "receive a datagram",
    );
  }

  close(): void {
    close(this.descriptor);
  }
}

/** Whether the error says that the machine runs without this family. */
export function isFamilyMissing(error: unknown): boolean {
  return error instanceof LinuxError && error.code === "EAFNOSUPPORT";
}

/** Where to send to, as `send` takes it. */
export function socketAddress(ip: Ip, port: number): Uint8Array {
  const address = new DataView(new ArrayBuffer(ADDRESS_LENGTH[ip.family]));
  address.setUint16(2, port);
  if (ip.family === "IPv4") {
    address.setUint16(0, AF_INET, true);
    address.setUint32(4, Number(ip.value));
  } else {
    address.setUint16(0, AF_INET6, true);
    address.setBigUint64(8, ip.value >> 64n);
    address.setBigUint64(16, BigInt.asUintN(64, ip.value));
  }
  return new Uint8Array(address.buffer);
}
