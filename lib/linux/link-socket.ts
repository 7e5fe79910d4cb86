import { bind, check, close, LinuxError, NONBLOCK_CLOEXEC, recv, send, socket } from "./libc.ts";
import { formatLinkDumpRequest, type LinkEvent, parseLinkEvents } from "./netlink.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const RTMGRP_LINK = 1;
const SOCKADDR_NL_LENGTH = 12;

/** The kernel fills a datagram of a dump up to 32 KiB. */
const BUFFER_BYTES = 64 * 1024;

/** What came over the socket, or that nothing more waits, or that the kernel had to drop messages. */
export type LinkSocketRead = readonly LinkEvent[] | "empty" | "overrun";

/** A netlink socket that tells of every link of this network namespace, and of every change: rtnetlink(7). */
export class LinkSocket {
  readonly descriptor: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  static open(): LinkSocket {
    const what = "open a netlink socket";
    const descriptor = check(socket(AF_NETLINK, SOCK_RAW | NONBLOCK_CLOEXEC, 0), what);
    const address = new DataView(new ArrayBuffer(SOCKADDR_NL_LENGTH));
    address.setUint16(0, AF_NETLINK, true);
    address.setUint32(8, RTMGRP_LINK, true);
    check(bind(descriptor, new Uint8Array(address.buffer), SOCKADDR_NL_LENGTH), what);
    return new LinkSocket(descriptor);
  }

  /** Asks for all links; they come as events, and `done` behind the last. */
  requestAll(): void {
    const request = formatLinkDumpRequest();
    check(send(this.descriptor, request, request.length, 0), "ask the kernel for its links");
  }

  read(): LinkSocketRead {
    try {
      const length = check(
        recv(this.descriptor, this.#buffer, BUFFER_BYTES, 0),
        "receive what the kernel says of its links",
      );
      return parseLinkEvents(this.#buffer.subarray(0, length));
    } catch (error) {
      if (error instanceof LinuxError && (error.code === "EAGAIN" || error.code === "EINTR")) {
        return "empty";
      }
      if (error instanceof LinuxError && error.code === "ENOBUFS") {
        return "overrun";
      }
      throw error;
    }
  }

  close(): void {
    close(this.descriptor);
  }
}
