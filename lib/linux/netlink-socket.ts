import { attachFilter } from "./attach-filter.ts";
import { Code, type Instruction } from "./bpf.ts";
import {
  bind,
  check,
  checkUnless,
  close,
  intOption,
  LinuxError,
  NONBLOCK_CLOEXEC,
  recv,
  send,
  setsockopt,
  socket,
} from "./libc.ts";
import {
  DUMPS,
  type Dump,
  formatDumpRequest,
  type NetlinkMessage,
  parseNetlink,
} from "./netlink.ts";
import type { AddressEvent } from "./netlink-addresses.ts";
import type { LinkEvent } from "./netlink-links.ts";
import { HEADER_LENGTH, MessageType } from "./netlink-message.ts";
import type { RouteEvent } from "./netlink-routes.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOCKADDR_NL_LENGTH = 12;

/** RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE. */
const GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/** Room for the changes of a moment; the kernel takes no more than rmem_max, and an overrun is mended. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

/** The kernel fills a datagram of a dump up to 32 KiB. */
const BUFFER_BYTES = 64 * 1024;

const PASS: Instruction = { code: Code.finish, jt: 0, jf: 0, k: 0xffff_ffff };
const DROP: Instruction = { code: Code.finish, jt: 0, jf: 0, k: 0 };

/**
 * Drops the news of a route that is no default route, before it wakes anybody: each container that starts brings some.
 * News come one a datagram, without a flag in the low byte; a dump, many messages to a datagram, has NLM_F_MULTI there.
 * Classic BPF reads in network byte order, and the kernel writes in that of the machine.
 */
const DEFAULT_ROUTES_ONLY: readonly Instruction[] = [
  { code: Code.loadByte, jt: 0, jf: 0, k: 6 },
  { code: Code.jumpEqual, jt: 0, jf: 5, k: 0 },
  { code: Code.loadHalf, jt: 0, jf: 0, k: 4 },
  { code: Code.jumpEqual, jt: 1, jf: 0, k: MessageType.newRoute << 8 },
  { code: Code.jumpEqual, jt: 0, jf: 2, k: MessageType.delRoute << 8 },
  { code: Code.loadByte, jt: 0, jf: 0, k: HEADER_LENGTH + 1 },
  { code: Code.jumpEqual, jt: 0, jf: 1, k: 0 },
  PASS,
  DROP,
];

const EMPTY: ReadonlySet<string> = new Set(["EAGAIN", "EINTR"]);
const WHAT = "receive what the kernel says of its links";

export type NetlinkEvent =
  | LinkEvent
  | AddressEvent
  | RouteEvent
  /** Everything is told from here on: what has not been named when it is done is gone. */
  | { readonly kind: "dump" }
  | { readonly kind: "done" };

/**
 * A netlink socket that tells of every link of this network namespace, of the addresses on them and of the default
 * routes, and of every change: rtnetlink(7). When the kernel had to drop messages, it asks for everything again.
 */
export class NetlinkSocket {
  readonly descriptor: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  /** What of the running dump is still to be told, what is told now first. */
  #dumps: readonly Dump[] = [];
  #isInterrupted = false;
  #isDumpWanted = false;
  /** To be told with the next read. */
  #hasDumpBegun = false;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  static open(): NetlinkSocket {
    const what = "open a netlink socket";
    const descriptor = check(socket(AF_NETLINK, SOCK_RAW | NONBLOCK_CLOEXEC, 0), what);
    try {
      attachFilter(descriptor, DEFAULT_ROUTES_ONLY);
      const room = intOption(RECEIVE_BUFFER_BYTES);
      check(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, room, room.length), what);
      const address = new DataView(new ArrayBuffer(SOCKADDR_NL_LENGTH));
      address.setUint16(0, AF_NETLINK, true);
      address.setUint32(8, GROUPS, true);
      check(bind(descriptor, new Uint8Array(address.buffer), SOCKADDR_NL_LENGTH), what);
    } catch (error) {
      close(descriptor);
      throw error;
    }
    return new NetlinkSocket(descriptor);
  }

  /** Asks for everything, at once or when the running dump is done. It comes as events between `dump` and `done`. */
  requestAll(): void {
    if (this.#dumps.length > 0 || this.#isDumpWanted) {
      this.#isDumpWanted = true;
    } else {
      this.#begin();
    }
  }

  /** Takes one datagram, or says that none waits. Is to be called until it does, for only then it asks for what was lost. */
  read(): readonly NetlinkEvent[] | "empty" {
    if (this.#hasDumpBegun) {
      this.#hasDumpBegun = false;
      return [{ kind: "dump" }];
    }
    const length = this.#receive();
    if (length === "overrun") {
      this.#isDumpWanted = true;
      return [];
    }
    if (length !== undefined) {
      return this.#eventsOf(parseNetlink(this.#buffer.subarray(0, length)));
    }
    // not before: what waited may name things whose end was lost
    if (this.#isDumpWanted && this.#dumps.length === 0) {
      this.#begin();
      return this.read();
    }
    return "empty";
  }

  close(): void {
    close(this.descriptor);
  }

  #begin(): void {
    this.#isDumpWanted = false;
    this.#hasDumpBegun = true;
    this.#ask(DUMPS);
  }

  /** For the first of them; the kernel takes one such request at a time. */
  #ask(dumps: readonly Dump[]): void {
    this.#dumps = dumps;
    this.#isInterrupted = false;
    const [dump] = dumps;
    if (dump !== undefined) {
      const request = formatDumpRequest(dump);
      check(send(this.descriptor, request, request.length, 0), `ask the kernel for its ${dump}`);
    }
  }

  #receive(): number | "overrun" | undefined {
    try {
      return checkUnless(recv(this.descriptor, this.#buffer, BUFFER_BYTES, 0), EMPTY, WHAT);
    } catch (error) {
      if (error instanceof LinuxError && error.code === "ENOBUFS") {
        return "overrun";
      }
      throw error;
    }
  }

  #eventsOf(messages: readonly NetlinkMessage[]): readonly NetlinkEvent[] {
    const events: NetlinkEvent[] = [];
    for (const message of messages) {
      if (message.kind === "interrupted") {
        this.#isInterrupted = true;
      } else if (message.kind === "error") {
        throw new LinuxError(`ask the kernel for its ${this.#dumps[0]}`, message.errno);
      } else if (message.kind !== "done" || this.#goOn()) {
        events.push(message);
      }
    }
    return events;
  }

  /** Asks for the next part of the dump, or for the same again if it may lack something. Returns whether it is complete. */
  #goOn(): boolean {
    this.#ask(this.#isInterrupted ? this.#dumps : this.#dumps.slice(1));
    return this.#dumps.length === 0;
  }
}
