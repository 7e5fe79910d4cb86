import type { Ip } from "#lib/address/ip.ts";
import type { Mac } from "#lib/wire/mac.ts";
import {
  check,
  checkUnless,
  close,
  LinuxError,
  NONBLOCK_CLOEXEC,
  recv,
  send,
  socket,
} from "./libc.ts";
import { formatGroupDumpRequest, groupFrom } from "./netlink-groups.ts";
import {
  answeredFrom,
  hasFlag,
  MessageFlag,
  MessageType,
  messagesOf,
  sequenceOf,
  typeOf,
} from "./netlink-message.ts";
import { formatNeighbourRequest, neighbourMacFrom } from "./netlink-neighbours.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;

/** The kernel fills a datagram of a dump up to 32 KiB. */
const BUFFER_BYTES = 64 * 1024;

/** Each time the groups changed while they were told. */
const MAX_GROUP_DUMPS = 3;

const EMPTY: ReadonlySet<string> = new Set(["EAGAIN", "EINTR"]);

/** There is no such entry or no such link, or Linux is older than 5.0 and tells of no single entry. */
const NO_NEIGHBOUR: ReadonlySet<string> = new Set(["ENOENT", "ENODEV", "EOPNOTSUPP", "EINVAL"]);

/** A netlink socket for questions, which the kernel answers before `send` returns. It hears no news: rtnetlink(7). */
export class NetlinkQuery {
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #sequence = 0;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  static open(): NetlinkQuery {
    const what = "open a netlink socket";
    return new NetlinkQuery(check(socket(AF_NETLINK, SOCK_RAW | NONBLOCK_CLOEXEC, 0), what));
  }

  /** The MAC address that the kernel has for an address on a link; undefined when it has none. */
  neighbourOf(index: number, ip: Ip): Mac | undefined {
    let mac: Mac | undefined;
    try {
      this.#ask(
        (sequence) => formatNeighbourRequest(index, ip, sequence),
        "ask the kernel for a neighbour",
        (message) => {
          mac = neighbourMacFrom(message);
        },
      );
    } catch (error) {
      if (!(error instanceof LinuxError && NO_NEIGHBOUR.has(error.code))) {
        throw error;
      }
    }
    return mac;
  }

  /** The values of the IPv6 multicast groups that a link belongs to, whoever joined them. */
  groupsOf(index: number): ReadonlySet<bigint> {
    const groups = new Set<bigint>();
    let isInterrupted = true;
    for (let asked = 0; isInterrupted && asked < MAX_GROUP_DUMPS; asked++) {
      isInterrupted = false;
      this.#ask(formatGroupDumpRequest, "ask the kernel for its multicast groups", (message) => {
        isInterrupted ||= hasFlag(message, MessageFlag.dumpInterrupted);
        const on = groupFrom(message);
        if (on?.index === index) {
          groups.add(on.group.value);
        }
      });
    }
    return groups;
  }

  close(): void {
    close(this.#descriptor);
  }

  /**
   * Hands the answer on: one message, or those of a dump.
   *
   * @throws {LinuxError} when the kernel refuses
   */
  #ask(
    format: (sequence: number) => Uint8Array,
    what: string,
    take: (message: DataView) => void,
  ): void {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = format(this.#sequence);
    check(send(this.#descriptor, request, request.length, 0), what);
    for (let isComplete = false; !isComplete; ) {
      const length = checkUnless(
        recv(this.#descriptor, this.#buffer, BUFFER_BYTES, 0),
        EMPTY,
        what,
      );
      if (length === undefined) {
        return;
      }
      for (const message of messagesOf(this.#buffer.subarray(0, length))) {
        // what is left of an answer that was given up is passed over
        if (sequenceOf(message) === this.#sequence) {
          isComplete = takeAnswer(message, what, take);
        }
      }
    }
  }
}

/** Returns whether the answer is complete. */
function takeAnswer(message: DataView, what: string, take: (message: DataView) => void): boolean {
  const type = typeOf(message);
  if (type !== MessageType.error && type !== MessageType.done) {
    take(message);
    return !hasFlag(message, MessageFlag.multi);
  }
  const answered = answeredFrom(message);
  if (answered.kind === "error") {
    throw new LinuxError(what, answered.errno);
  }
  return true;
}
