import type { Ip } from "#lib/address/ip.ts";
import {
  check,
  checkUnless,
  close,
  LinuxError,
  NONBLOCK_CLOEXEC,
  setsockopt,
  socket,
} from "./libc.ts";
import { isFamilyMissing } from "./udp-socket.ts";

const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const IPPROTO_IPV6 = 41;
const IPV6_JOIN_GROUP = 20;
const IPV6_LEAVE_GROUP = 21;

/** `struct ipv6_mreq`: the group, then the index of the link. */
const REQUEST_LENGTH = 20;
const REQUEST_INDEX_OFFSET = 16;

const OPEN_MENDS = {
  EMFILE: "the process has as many files open as it may: raise its limit of open files",
  ENFILE: "the machine has as many files open as it may: raise fs.file-max",
};

const NO_MEMORY = "the kernel lets a socket have no group at all: raise net.core.optmem_max";
const JOIN_MENDS = { ENOMEM: NO_MEMORY, ENOBUFS: NO_MEMORY };

/** The link is gone, or has no IPv6, for which its MTU has to be 1,280 bytes at least. */
const NOT_NOW: ReadonlySet<string> = new Set(["ENODEV", "EINVAL", "EADDRNOTAVAIL"]);

/** A socket and what it holds. */
export interface GroupSocket {
  readonly descriptor: number;
  memberships: number;
  isFull: boolean;
}

/**
 * Sockets that belong to IPv6 multicast groups, as many as that takes: `net.core.optmem_max` lets one have 365 groups at
 * 20 KiB, and 2,340 at 128 KiB. No datagram is ever read from them.
 */
export class GroupSockets {
  readonly #sockets = new Set<GroupSocket>();

  /**
   * Joins a group on a link, and returns the socket that holds the membership; undefined when the link has no IPv6 now.
   *
   * @throws {LinuxError} when no more sockets can be opened, or a new one holds nothing
   */
  join(index: number, group: Ip): GroupSocket | undefined {
    const request = groupRequest(index, group);
    let joined: GroupSocket | undefined;
    try {
      do {
        joined = this.#roomy();
      } while (joinOrFill(joined, request) === "full");
      joined.memberships += 1;
      return joined;
    } catch (error) {
      if (joined?.memberships === 0) {
        this.#close(joined);
      }
      if (error instanceof LinuxError && (NOT_NOW.has(error.code) || isFamilyMissing(error))) {
        return undefined;
      }
      throw error;
    }
  }

  /** Ends a membership, also one that the kernel ended with the link: the memory for it is still taken. */
  leave(holder: GroupSocket, index: number, group: Ip): void {
    checkUnless(
      setsockopt(
        holder.descriptor,
        IPPROTO_IPV6,
        IPV6_LEAVE_GROUP,
        groupRequest(index, group),
        REQUEST_LENGTH,
      ),
      NOT_NOW,
      "leave a multicast group",
    );
    holder.memberships -= 1;
    holder.isFull = false;
    if (holder.memberships === 0) {
      this.#close(holder);
    }
  }

  closeAll(): void {
    for (const held of this.#sockets) {
      this.#close(held);
    }
  }

  /** One that may have room. */
  #roomy(): GroupSocket {
    for (const held of this.#sockets) {
      if (!held.isFull) {
        return held;
      }
    }
    const descriptor = check(
      socket(AF_INET6, SOCK_DGRAM | NONBLOCK_CLOEXEC, 0),
      "open a socket for multicast groups",
      OPEN_MENDS,
    );
    const opened = { descriptor, memberships: 0, isFull: false };
    this.#sockets.add(opened);
    return opened;
  }

  #close(held: GroupSocket): void {
    close(held.descriptor);
    this.#sockets.delete(held);
  }
}

/** @throws {LinuxError} when the join fails otherwise than for lack of memory in a socket that holds others */
function joinOrFill(joining: GroupSocket, request: Uint8Array): "joined" | "full" {
  const { descriptor } = joining;
  try {
    check(
      setsockopt(descriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, request, REQUEST_LENGTH),
      "join a multicast group",
      JOIN_MENDS,
    );
    return "joined";
  } catch (error) {
    const isFull = error instanceof LinuxError && error.code in JOIN_MENDS;
    if (!isFull || joining.memberships === 0) {
      throw error;
    }
    joining.isFull = true;
    return "full";
  }
}

function groupRequest(index: number, group: Ip): Uint8Array {
  const request = new DataView(new ArrayBuffer(REQUEST_LENGTH));
  request.setBigUint64(0, group.value >> 64n);
  request.setBigUint64(8, BigInt.asUintN(64, group.value));
  request.setInt32(REQUEST_INDEX_OFFSET, index, true);
  return new Uint8Array(request.buffer);
}
