import { createHmac, timingSafeEqual } from "node:crypto";
import { type Family, tryParseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { isFamilyMissing, socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import {
  formatHeartbeat,
  type Heartbeat,
  MAX_HEARTBEAT_LENGTH,
  MAX_MACS,
  parseHeartbeat,
} from "#lib/wire/heartbeat.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { MemberAddress } from "./messages.ts";

/** A heartbeat that says goodbye goes out this often, for nobody repeats it when it is lost. */
const GOODBYES = 3;

/** More datagrams than that wait only in a flood; then the other descriptors have their turn. */
const MAX_DATAGRAMS_A_TURN = 1_024;

export interface HeartbeatOptions {
  readonly nodeName: string;
  /** UDP, on all nodes the same. */
  readonly port: number;
  /** Grows with every start of this speaker. */
  readonly incarnation: bigint;
  onHeartbeat(heartbeat: Heartbeat): void;
  /** Told of a datagram that is no heartbeat of ours, with the reason. */
  onRefused(why: string): void;
}

interface Peer {
  readonly socket: UdpSocket;
  readonly address: Uint8Array;
}

/** The heartbeats of this node to the others, and theirs to it. */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  readonly #sockets = new Map<Family, UdpSocket>();
  readonly #buffer = new Uint8Array(MAX_HEARTBEAT_LENGTH + 1);
  #members: readonly MemberAddress[] = [];
  #names: ReadonlySet<string> = new Set();
  #peers: readonly Peer[] = [];
  /** Of each member, as its last heartbeat told. */
  readonly #macs = new Map<string, readonly Mac[]>();
  #key: Uint8Array | undefined;
  #sequence = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
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
    this.setMembers(this.#members);
    return this.#sockets
      .values()
      .map(({ descriptor }) => descriptor)
      .toArray();
  }

  setKey(key: Uint8Array): void {
    this.#key = key;
  }

  /** @param members all nodes; this one among them is passed over */
  setMembers(members: readonly MemberAddress[]): void {
    this.#members = members;
    this.#names = new Set(members.map(({ name }) => name));
    for (const name of this.#macs.keys()) {
      if (!this.#names.has(name)) {
        this.#macs.delete(name);
      }
    }
    this.#peers = members
      .filter(({ name }) => name !== this.#options.nodeName)
      .flatMap(({ addresses }) => this.#peerAt(addresses) ?? []);
  }

  /** Whether the MAC address is of another node that was heard. */
  hasMac(mac: Mac): boolean {
    return this.#macs.values().some((macs) => macs.includes(mac));
  }

  /** Sends one heartbeat to every other member. */
  send(macs: readonly Mac[]): void {
    this.#send(macs, false);
  }

  sendGoodbye(): void {
    for (let count = 0; count < GOODBYES; count++) {
      this.#send([], true);
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
        this.#take(this.#buffer.subarray(0, length));
      }
    }
  }

  close(): void {
    for (const socket of this.#sockets.values()) {
      socket.close();
    }
    this.#sockets.clear();
  }

  #send(macs: readonly Mac[], leaving: boolean): void {
    const key = this.#key;
    if (key === undefined || this.#peers.length === 0) {
      return;
    }
    this.#sequence += 1;
    const { nodeName: sender, incarnation } = this.#options;
    const datagram = formatHeartbeat(
      { sender, incarnation, sequence: this.#sequence, leaving, macs: macs.slice(0, MAX_MACS) },
      (bytes) => tagOf(bytes, key),
    );
    for (const { socket, address } of this.#peers) {
      socket.send(datagram, address);
    }
  }

  #take(datagram: Uint8Array): void {
    const key = this.#key;
    if (key === undefined) {
      return;
    }
    try {
      const heartbeat = parseHeartbeat(datagram, (bytes, tag) =>
        timingSafeEqual(tagOf(bytes, key), tag),
      );
      if (this.#names.has(heartbeat.sender) && !heartbeat.leaving) {
        this.#macs.set(heartbeat.sender, heartbeat.macs);
      }
      this.#options.onHeartbeat(heartbeat);
    } catch (error) {
      if (!(error instanceof MalformedError)) {
        throw error;
      }
      this.#options.onRefused(error.why);
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

function tagOf(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(bytes).digest();
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
