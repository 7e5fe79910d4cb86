import { type Family, tryParseIp } from "#lib/address/ip.ts";
import { isFamilyMissing, socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import type { Log } from "#lib/log/log.ts";
import type { MemberAddress } from "./messages.ts";

/** Longer than any packet, so that one that is too long is not taken for one that is not. */
const BUFFER_BYTES = 2_048;

/** More datagrams than that wait only in a flood, and forged ones take some 40 µs each; then the other descriptors have their turn. */
const MAX_DATAGRAMS_A_TURN = 128;

interface Place {
  readonly socket: UdpSocket;
  readonly address: Uint8Array;
}

/** What was received. */
export interface Received {
  /** Who sent it, if that is certain; undefined: it does not count. */
  readonly from: string | undefined;
  /** To be sent to where it came from. */
  readonly reply: Uint8Array | undefined;
}

/** The UDP sockets of this member, and where the others are. */
export class MemberSockets {
  readonly #log: Log;
  readonly #sockets = new Map<Family, UdpSocket>();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #port = 0;
  /** All but this node. */
  #others: readonly MemberAddress[] = [];
  /** By member; undefined where its Node gives no address to send to. */
  #places: ReadonlyMap<string, Place | undefined> = new Map();
  /** Where each member was heard from last. */
  readonly #heardFrom = new Map<string, Place>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Opens the port, and returns the descriptors to read from.
   *
   * @throws {LinuxError} when the port is taken
   */
  open(port: number): readonly number[] {
    try {
      this.#sockets.set("IPv4", UdpSocket.open("IPv4", port));
      const six = openIfSupported(port);
      if (six !== undefined) {
        this.#sockets.set("IPv6", six);
      }
    } catch (error) {
      this.close();
      throw error;
    }
    this.#port = port;
    this.#findPlaces();
    return this.#sockets
      .values()
      .map(({ descriptor }) => descriptor)
      .toArray();
  }

  /** @param others all nodes but this one */
  setMembers(others: readonly MemberAddress[]): void {
    this.#others = others;
    const names = new Set(others.map(({ name }) => name));
    for (const name of this.#heardFrom.keys()) {
      if (!names.has(name)) {
        this.#heardFrom.delete(name);
      }
    }
    this.#findPlaces();
  }

  /** Where the Node gives no address, its last packet that counted does: nobody else can have sent it. */
  send(to: string, datagram: Uint8Array): void {
    const place = this.#places.get(to) ?? this.#heardFrom.get(to);
    place?.socket.send(datagram, place.address);
  }

  /** Reads what waits. */
  read(take: (datagram: Uint8Array) => Received): void {
    for (const socket of this.#sockets.values()) {
      for (let count = 0; count < MAX_DATAGRAMS_A_TURN; count++) {
        const length = socket.receive(this.#buffer);
        if (length === undefined) {
          break;
        }
        this.#take(take(this.#buffer.subarray(0, length)), socket);
      }
    }
  }

  /** What is sent afterwards goes nowhere. */
  close(): void {
    for (const socket of this.#sockets.values()) {
      socket.close();
    }
    this.#sockets.clear();
    this.#places = new Map();
    this.#heardFrom.clear();
  }

  #take({ from, reply }: Received, socket: UdpSocket): void {
    if (reply !== undefined) {
      socket.send(reply, socket.source);
    }
    if (from !== undefined && this.#places.get(from) === undefined) {
      this.#heardFrom.set(from, { socket, address: socket.source.slice() });
    }
  }

  /** Tells once of each member without an address to send to. Before the port is open it is too early to know. */
  #findPlaces(): void {
    if (this.#sockets.size === 0) {
      return;
    }
    const before = this.#places;
    this.#places = new Map(
      this.#others.map(({ name, addresses }) => [name, this.#placeAt(addresses)]),
    );
    for (const { name, addresses } of this.#others) {
      const isKnown = before.has(name) && before.get(name) === undefined;
      if (this.#places.get(name) === undefined && !isKnown) {
        this.#log.warn(
          "node without a usable InternalIP, replies go to the source address of its packets: give its kubelet a --node-ip",
          { node: name, internalIps: addresses },
        );
      }
    }
  }

  /** The first address of a family that this machine has. */
  #placeAt(addresses: readonly string[]): Place | undefined {
    for (const ip of addresses.map(tryParseIp)) {
      const socket = ip === undefined ? undefined : this.#sockets.get(ip.family);
      if (ip !== undefined && socket !== undefined) {
        return { socket, address: socketAddress(ip, this.#port) };
      }
    }
    return undefined;
  }
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
