/**
 * Spreads address groups over nodes so that none has many more than its share: rendezvous hashing with bounded loads
 * (Mirrokni, Thorup, Zadimoghaddam: Consistent Hashing with Bounded Loads, 2018), with owners that stay where they are as
 * long as the bound allows.
 *
 * The share of a node is what it would have if each group were cut into equal parts, one for each living node that it
 * allows; where all groups allow the same nodes, that is the mean. A node has at most ⌈1.25 × its share⌉ groups. Such a
 * distribution always exists, whatever nodes the groups allow: the parts themselves are one, of fractions, and where a
 * network of whole capacities has such a flow it has one of whole groups too.
 *
 * When a node goes, the shares of the others grow, and only its groups move, unless one of them allows none but full
 * nodes: then a chain of groups makes room, each by one step. When a node comes, only those groups move that are now over
 * the bound of their owners; it gets its part of the others as they come.
 *
 * Without owners to begin with, it hardly moves more: 1.02 times the groups of a node that goes, of ten thousand groups on
 * a hundred nodes, and 1.14 times them of a hundred groups on ten.
 *
 * All is computed anew each time, from what is given alone: a memory of former answers could differ between nodes. Of ten
 * thousand groups on a hundred nodes that takes some 25 ms where they share one list of nodes, and 100 ms where each
 * brings its own.
 */

import type { Sha256 } from "./order.ts";

export interface GroupToPlace {
  /** The address that decides the group's order, in canonical text. */
  readonly key: string;
  /** Names of the nodes that it allows, each once; groups that allow the same do best to share the list. */
  readonly nodes: readonly string[];
}

/** By how much a node may exceed its share. */
const SLACK = 1.25;

/** Sums of fractions are a little off: 100 times a fifth of a group is no more than 20. */
const ROUNDING = 1e-9;

interface Seat {
  readonly node: string;
  readonly hash: number;
  readonly groups: Set<Placed>;
  /** Groups, as all below. */
  share: number;
  limit: number;
}

interface Placed {
  readonly key: string;
  readonly hash: number;
  /** Of the living nodes that it allows. */
  readonly seats: readonly Seat[];
  seat: Seat | undefined;
}

/**
 * Gives each group an owner; who allows no living node has none.
 *
 * @param alive names of the nodes that can be owners
 * @param owners the owners until now by key; without them, the distribution that depends on no history
 * @returns names of nodes by key, the same for the same sets, in whatever order they are given
 */
export function balancedOwners(
  groups: Iterable<GroupToPlace>,
  alive: ReadonlySet<string>,
  owners: ReadonlyMap<string, string>,
  sha256: Sha256,
): ReadonlyMap<string, string> {
  const seats = new Map(Array.from(alive, (node) => [node, seatOf(node, sha256)]));
  const lists = new Map<readonly string[], readonly Seat[]>();
  const placed = Array.from(groups, ({ key, nodes }): Placed => {
    const living = lists.get(nodes) ?? seatsOf(nodes, seats);
    lists.set(nodes, living);
    return { key, hash: hashOf(key, sha256), seats: living, seat: undefined };
  }).sort(byHash);
  // in that order, for a sum of fractions depends on it
  for (const group of placed) {
    const part = 1 / group.seats.length;
    for (const seat of group.seats) {
      seat.share += part;
    }
  }
  for (const seat of seats.values()) {
    seat.limit = Math.ceil(SLACK * seat.share - ROUNDING);
  }
  keepOwners(placed, owners, seats);
  for (const group of placed) {
    if (group.seat === undefined) {
      place(group);
    }
  }
  return new Map(
    placed.flatMap(({ key, seat }): [string, string][] => (seat ? [[key, seat.node]] : [])),
  );
}

/** Leaves all groups where they are, but those that are too many of one node: of these, the ones that like it least. */
function keepOwners(
  placed: readonly Placed[],
  owners: ReadonlyMap<string, string>,
  seats: ReadonlyMap<string, Seat>,
): void {
  for (const group of placed) {
    const seat = seats.get(owners.get(group.key) ?? "");
    if (seat !== undefined && group.seats.includes(seat)) {
      move(group, seat);
    }
  }
  for (const seat of seats.values()) {
    const surplus = seat.groups.size - seat.limit;
    if (surplus > 0) {
      const likings = [...seat.groups].sort(
        (a, b) => liking(a, seat) - liking(b, seat) || byHash(a, b),
      );
      for (const group of likings.slice(0, surplus)) {
        move(group, undefined);
      }
    }
  }
}

/** Puts the group where it likes it best of the nodes that have room, or makes room. */
function place(group: Placed): void {
  let best: Seat | undefined;
  for (const seat of group.seats) {
    if (hasRoom(seat) && (best === undefined || isLikedMore(group, seat, best))) {
      best = seat;
    }
  }
  if (best === undefined) {
    makeRoom(group);
  } else {
    move(group, best);
  }
}

/** Finds the shortest chain of groups that make room for each other, and moves each of them by one step. */
function makeRoom(group: Placed): void {
  const cameBy = new Map<Seat, Placed>();
  const queue: Seat[] = [];
  const reach = (by: Placed) => {
    for (const seat of [...by.seats].sort((a, b) => (isLikedMore(by, a, b) ? -1 : 1))) {
      if (!cameBy.has(seat)) {
        cameBy.set(seat, by);
        queue.push(seat);
      }
    }
  };
  reach(group);
  for (const seat of queue) {
    if (hasRoom(seat)) {
      followBack(seat, cameBy);
      return;
    }
    for (const other of [...seat.groups].sort(byHash)) {
      reach(other);
    }
  }
}

function followBack(end: Seat, cameBy: ReadonlyMap<Seat, Placed>): void {
  let seat: Seat | undefined = end;
  while (seat !== undefined) {
    const group = cameBy.get(seat);
    const left: Seat | undefined = group?.seat;
    if (group !== undefined) {
      move(group, seat);
    }
    seat = left;
  }
}

function move(group: Placed, to: Seat | undefined): void {
  group.seat?.groups.delete(group);
  to?.groups.add(group);
  group.seat = to;
}

function hasRoom({ groups, limit }: Seat): boolean {
  return groups.size < limit;
}

function isLikedMore(group: Placed, a: Seat, b: Seat): boolean {
  const difference = liking(group, a) - liking(group, b);
  return difference > 0 || (difference === 0 && a.node < b.node);
}

/**
 * The rendezvous hash of group and node, 32 bits: of both hashes, by the finalizer of MurmurHash3, which is one to one.
 * A SHA-256 of each pair would take a second for ten thousand groups and a hundred nodes.
 */
function liking(group: Placed, seat: Seat): number {
  let bits = group.hash ^ seat.hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85_eb_ca_6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2_b2_ae_35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function seatOf(node: string, sha256: Sha256): Seat {
  return { node, hash: hashOf(node, sha256), groups: new Set(), share: 0, limit: 0 };
}

function seatsOf(nodes: readonly string[], seats: ReadonlyMap<string, Seat>): readonly Seat[] {
  return nodes.map((node) => seats.get(node)).filter((seat) => seat !== undefined);
}

function hashOf(text: string, sha256: Sha256): number {
  const { buffer, byteOffset } = sha256(text);
  return new DataView(buffer, byteOffset).getUint32(0);
}

function byHash(a: Placed, b: Placed): number {
  return a.hash - b.hash || (a.key < b.key ? -1 : 1);
}
