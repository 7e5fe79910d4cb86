import type { Ip } from "#lib/address/ip.ts";
import { type GroupSocket, GroupSockets } from "./group-sockets.ts";

/** The kernel walks through the groups of the link for each one: with ten thousand it takes up to 150 µs. */
const MAX_A_TURN = 16;

/** To see ten thousand groups takes some 20 ms, and changes of a link come in numbers. */
const COMPARE_INTERVAL_MS = 200;

interface Membership {
  /** Of the link. */
  readonly index: number;
  readonly group: Ip;
  /** Who wants it; at zero it is to be left. */
  users: number;
  /** undefined: not joined, or not yet. */
  socket: GroupSocket | undefined;
  /** The kernel does not count it any more, though the socket still does: leave before it is joined again. */
  isLost: boolean;
}

/**
 * The IPv6 multicast groups that this machine belongs to on our behalf. Real sockets join them, so that network cards let
 * the frames through and switches with MLD snooping learn of it (RFC 3810); no datagram is ever read from one.
 *
 * Wishes are noted, and `tick` does what there is to do, little at a time. What cannot be joined because the link has no
 * IPv6 is tried again at the next `rejoin`.
 */
export class MulticastMemberships {
  readonly #groupsOf: (index: number) => ReadonlySet<bigint>;
  /** By index of the link and value of the group. */
  readonly #links = new Map<number, Map<bigint, Membership>>();
  readonly #sockets = new GroupSockets();
  readonly #due = new Set<Membership>();
  /** Indexes of links of which the kernel may have forgotten groups. */
  readonly #doubtful = new Set<number>();
  #compareAt = Number.NEGATIVE_INFINITY;

  /** @param groupsOf the groups that the kernel counts a link to */
  constructor(groupsOf: (index: number) => ReadonlySet<bigint>) {
    this.#groupsOf = groupsOf;
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    if (this.#due.size > 0) {
      return Number.NEGATIVE_INFINITY;
    }
    return this.#doubtful.size > 0 ? this.#compareAt : undefined;
  }

  /** Wants the link to belong to the group, once more for each call. */
  join(index: number, group: Ip): void {
    const membership = this.#membership(index, group);
    membership.users += 1;
    if (membership.users === 1) {
      this.#due.add(membership);
    }
  }

  /** Takes one wish back. */
  leave(index: number, group: Ip): void {
    const membership = this.#links.get(index)?.get(group.value);
    if (membership !== undefined && membership.users > 0) {
      membership.users -= 1;
      if (membership.users === 0) {
        this.#due.add(membership);
      }
    }
  }

  /** Takes all wishes for a link back, which went away. */
  leaveLink(index: number): void {
    for (const membership of this.#links.get(index)?.values() ?? []) {
      membership.users = 0;
      // a link that comes with the same index is another one
      membership.isLost = true;
      this.#due.add(membership);
    }
  }

  /**
   * Is to be called after each change of the link or its addresses, also when it may have been made anew: the kernel
   * forgets all groups of a link that it takes IPv6 from, and tells nobody. It keeps them while the link is down, and then
   * tells the switches of them by itself.
   */
  rejoin(index: number): void {
    if (this.#links.has(index)) {
      this.#doubtful.add(index);
    }
  }

  /**
   * Does a part of what there is to do.
   *
   * @throws {LinuxError} when no more sockets can be opened; what could not be joined then waits for `rejoin`
   */
  tick(now: number): void {
    const [doubtful] = this.#doubtful;
    if (doubtful !== undefined && now >= this.#compareAt) {
      this.#doubtful.delete(doubtful);
      this.#compareAt = now + COMPARE_INTERVAL_MS;
      this.#compare(doubtful);
    }
    let left = MAX_A_TURN;
    for (const membership of this.#due) {
      if (left === 0) {
        return;
      }
      left -= 1;
      this.#due.delete(membership);
      try {
        this.#settle(membership);
      } catch (error) {
        this.#waitForRejoin();
        throw error;
      }
    }
  }

  close(): void {
    this.#sockets.closeAll();
    this.#links.clear();
    this.#due.clear();
    this.#doubtful.clear();
  }

  #membership(index: number, group: Ip): Membership {
    const onLink = this.#links.get(index) ?? new Map<bigint, Membership>();
    this.#links.set(index, onLink);
    const known = onLink.get(group.value);
    const membership = known ?? { index, group, users: 0, socket: undefined, isLost: false };
    onLink.set(group.value, membership);
    return membership;
  }

  /** Finds what the kernel does not count, or could not before. */
  #compare(index: number): void {
    const held = this.#groupsOf(index);
    for (const membership of this.#links.get(index)?.values() ?? []) {
      if (membership.socket === undefined || !held.has(membership.group.value)) {
        membership.isLost = true;
        this.#due.add(membership);
      }
    }
  }

  #settle(membership: Membership): void {
    const { index, group, users, socket, isLost } = membership;
    if (socket !== undefined && (isLost || users === 0)) {
      this.#sockets.leave(socket, index, group);
      membership.socket = undefined;
    }
    membership.isLost = false;
    if (users === 0) {
      this.#forget(membership);
    } else if (membership.socket === undefined) {
      membership.socket = this.#sockets.join(index, group);
    }
  }

  #forget({ index, group }: Membership): void {
    const onLink = this.#links.get(index);
    onLink?.delete(group.value);
    if (onLink?.size === 0) {
      this.#links.delete(index);
    }
  }

  /** Only what is to be left stays due: the rest would fail as this one did. */
  #waitForRejoin(): void {
    for (const membership of this.#due) {
      if (membership.users > 0) {
        this.#due.delete(membership);
      }
    }
  }
}
