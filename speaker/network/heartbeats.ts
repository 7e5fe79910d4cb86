import { type Family, tryParseIp } from "#lib/address/ip.ts";
import { formatRange, type IpRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { isFamilyMissing, socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import type { Log } from "#lib/log/log.ts";
import {
  formatHeartbeat,
  type Heartbeat,
  MAX_HEARTBEAT_LENGTH,
  MAX_MACS,
  MAX_SUBNETS,
  parseHeartbeat,
} from "#lib/wire/heartbeat.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { HeartbeatNumbers } from "./heartbeat-numbers.ts";
import { MemberKeys, tagOf } from "./member-keys.ts";
import type { MemberAddress } from "./messages.ts";

/** A heartbeat that says goodbye goes out this often, for nobody repeats it when it is lost. */
const GOODBYES = 3;

/** More datagrams than that wait only in a flood; then the other descriptors have their turn. */
const MAX_DATAGRAMS_A_TURN = 1_024;

export interface HeartbeatOptions {
  readonly nodeName: string;
  /** UDP, on all nodes the same. */
  readonly port: number;
  readonly log: Log;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  /** Milliseconds since the epoch, of the clock that may be set. */
  readonly wallClock: () => number;
  /** Returns whether it counts: one of no member, or one that was recorded and is played again, does not. */
  onHeartbeat(heartbeat: Heartbeat): boolean;
  /** Told of a datagram that is no heartbeat of ours, with the reason. */
  onRefused(why: string): void;
}

interface Peer {
  readonly socket: UdpSocket;
  readonly address: Uint8Array;
}

/** The last heartbeat of a member that counted. */
interface LastHeard {
  readonly heartbeat: Heartbeat;
  readonly from: Peer;
  /** A goodbye names none, and does not take them away. */
  readonly macs: readonly Mac[];
}

/** The heartbeats of this node to the others, and theirs to it. */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  readonly #sockets = new Map<Family, UdpSocket>();
  readonly #buffer = new Uint8Array(MAX_HEARTBEAT_LENGTH + 1);
  readonly #keys: MemberKeys;
  readonly #numbers: HeartbeatNumbers;
  /** All but this node. */
  #others: readonly MemberAddress[] = [];
  /** By member; undefined where its Node gives no address to send to. */
  #peers: ReadonlyMap<string, Peer | undefined> = new Map();
  readonly #lastHeard = new Map<string, LastHeard>();
  /** The MAC addresses of all of these, for each claim of an address is looked up; undefined: to be gathered anew. */
  #macs: ReadonlySet<Mac> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#keys = new MemberKeys(options.clock);
    this.#numbers = new HeartbeatNumbers(options.wallClock);
  }

  get hasKey(): boolean {
    return this.#keys.inForce.length > 0;
  }

  /**
   * Opens the port, and returns the descriptors to read from.
   *
   * @throws {LinuxError} when the port is taken
   */
  open(): readonly number[] {
    try {
      this.#sockets.set("IPv4", UdpSocket.open("IPv4", this.#options.port));
      const six = openIfSupported(this.#options.port);
      if (six !== undefined) {
        this.#sockets.set("IPv6", six);
      }
    } catch (error) {
      this.close();
      throw error;
    }
    this.#findPeers();
    return this.#sockets
      .values()
      .map(({ descriptor }) => descriptor)
      .toArray();
  }

  setKey(key: Uint8Array): void {
    this.#keys.set(key);
  }

  /** @param members all nodes; this one among them is passed over */
  setMembers(members: readonly MemberAddress[]): void {
    this.#others = members.filter(({ name }) => name !== this.#options.nodeName);
    const names = new Set(this.#others.map(({ name }) => name));
    for (const name of this.#lastHeard.keys()) {
      if (!names.has(name)) {
        this.#lastHeard.delete(name);
        this.#macs = undefined;
      }
    }
    this.#findPeers();
  }

  /** Whether the MAC address is of another node that was heard. */
  hasMac(mac: Mac): boolean {
    this.#macs ??= new Set(this.#lastHeard.values().flatMap(({ macs }) => macs));
    return this.#macs.has(mac);
  }

  /** Whether the node was heard, since it is in the list. */
  hasHeard(name: string): boolean {
    return this.#lastHeard.has(name);
  }

  /** Sends one heartbeat to every other member: what the links of this node have. */
  send(macs: readonly Mac[], subnets: readonly IpRange[]): void {
    this.#send(false, macs, subnets);
  }

  sendGoodbye(): void {
    for (let count = 0; count < GOODBYES; count++) {
      this.#send(true, [], []);
    }
  }

  /** Reads what waits. */
  read(): void {
    for (const socket of this.#sockets.values()) {
      for (let count = 0; count < MAX_DATAGRAMS_A_TURN; count++) {
        const length = socket.receive(this.#buffer);
        if (length === undefined) {
          break;
        }
        this.#take(this.#buffer.subarray(0, length), socket);
      }
    }
  }

  close(): void {
    for (const socket of this.#sockets.values()) {
      socket.close();
    }
    this.#sockets.clear();
  }

  #send(leaving: boolean, macs: readonly Mac[], subnets: readonly IpRange[]): void {
    const peers = this.#reachablePeers();
    if (peers.length === 0) {
      return;
    }
    const { nodeName: sender } = this.#options;
    const heartbeat: Heartbeat = {
      sender,
      ...this.#numbers.next(),
      leaving,
      macs: [...new Set(macs)].slice(0, MAX_MACS),
      subnets: tellable(subnets),
    };
    for (const key of this.#keys.inForce) {
      const datagram = formatHeartbeat(heartbeat, (bytes) => tagOf(bytes, key));
      for (const { socket, address } of peers) {
        socket.send(datagram, address);
      }
    }
  }

  #take(datagram: Uint8Array, socket: UdpSocket): void {
    if (!this.hasKey) {
      return;
    }
    try {
      const heartbeat = parseHeartbeat(datagram, (bytes, tag) =>
        this.#keys.isAuthentic(bytes, tag),
      );
      const last = this.#lastHeard.get(heartbeat.sender);
      // while two keys are in force every heartbeat comes twice, which is no replay
      const isTwin = this.#keys.inForce.length > 1 && isSame(heartbeat, last?.heartbeat);
      if (!isTwin && this.#options.onHeartbeat(heartbeat)) {
        const { sender, leaving, macs } = heartbeat;
        const from = { socket, address: socket.source.slice() };
        this.#lastHeard.set(sender, { heartbeat, from, macs: leaving ? (last?.macs ?? []) : macs });
        if (!leaving && last?.macs.join() !== macs.join()) {
          this.#macs = undefined;
        }
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) {
        throw error;
      }
      this.#options.onRefused(error.why);
    }
  }

  /** Where the Node gives no address, the last heartbeat that counted does: nobody else can have sent it. */
  #reachablePeers(): readonly Peer[] {
    return this.#peers
      .entries()
      .map(([name, peer]) => peer ?? this.#lastHeard.get(name)?.from)
      .filter((peer) => peer !== undefined)
      .toArray();
  }

  /** Tells once of each member without an address to send to. Before the port is open it is too early to know. */
  #findPeers(): void {
    if (this.#sockets.size === 0) {
      return;
    }
    const before = this.#peers;
    this.#peers = new Map(
      this.#others.map(({ name, addresses }) => [name, this.#peerAt(addresses)]),
    );
    for (const { name, addresses } of this.#others) {
      const isKnown = before.has(name) && before.get(name) === undefined;
      if (this.#peers.get(name) === undefined && !isKnown) {
        this.#options.log.warn(
          "node without a usable InternalIP, its heartbeats are answered to where they come from: give its kubelet a --node-ip",
          { node: name, internalIps: addresses },
        );
      }
    }
  }

  /** The first address of a family that this machine has. */
  #peerAt(addresses: readonly string[]): Peer | undefined {
    for (const ip of addresses.map(tryParseIp)) {
      const socket = ip === undefined ? undefined : this.#sockets.get(ip.family);
      if (ip !== undefined && socket !== undefined) {
        return { socket, address: socketAddress(ip, this.#options.port) };
      }
    }
    return undefined;
  }
}

/** What of these subnets a heartbeat can tell. A node that counted on more of its own than the others know would own alone. */
export function tellable(subnets: readonly IpRange[]): readonly IpRange[] {
  const withoutDoubles = new Map(subnets.map((subnet) => [formatRange(subnet), subnet])).values();
  return [...withoutDoubles.take(MAX_SUBNETS)];
}

function isSame(one: Heartbeat, other: Heartbeat | undefined): boolean {
  return one.incarnation === other?.incarnation && one.sequence === other.sequence;
}

function openIfSupported(port: number): UdpSocket | undefined {
  try {
    return UdpSocket.open("IPv6", port);
  } catch (error) {
    if (isFamilyMissing(error)) {
      return undefined;
    }
    throw error;
  }
}
