import { MalformedError } from "#lib/bytes/malformed-error.ts";
import type { Message } from "#lib/membership/message.ts";
import { memberId } from "#lib/wire/member-id.ts";
import { packBodies, parseBody } from "#lib/wire/member-message.ts";
import {
  type Challenge,
  type HeaderFault,
  openPacket,
  type PacketContent,
  type PacketHeader,
  readHeader,
  sealPacket,
} from "#lib/wire/sealed-packet.ts";
import { type HeldKey, KeyRing } from "./key-ring.ts";
import { OwnStart } from "./own-start.ts";
import { Pace } from "./pace.ts";
import { openWith, sealWith, sha256 } from "./packet-crypto.ts";
import { Peer } from "./peer.ts";

const NOTHING = new Uint8Array();

/**
 * Packets a second that are opened though their start was not met: to derive its key takes most of what a forged one
 * costs, some 60 µs. Of a flood with a real one among them the real one is opened as soon as chance has it.
 */
const STRANGE_STARTS_PER_S = 1_000;

export interface MemberChannelOptions {
  readonly nodeName: string;
  /** Milliseconds of a clock that never steps back. It paces replies, and decides nothing else. */
  readonly clock: () => number;
  /** Gives as many bytes as nobody can guess. */
  readonly random: (length: number) => Uint8Array;
}

/** Why a datagram does not count, in words for a metric. */
export type PacketRefusal =
  | HeaderFault
  | "own-packet"
  /** Of a node that is no member. */
  | "unknown-sender"
  /** Sealed with a membership key that this speaker does not hold. */
  | "unknown-key"
  /** The tag is another: forged, changed on its way, or for another receiver. */
  | "not-authentic"
  /** Came before, or is too old to tell. */
  | "replayed"
  /** Of a start that was not met, of which more came than are opened. */
  | "too-many-starts"
  /** May have been recorded in an earlier life of either side. */
  | "not-fresh"
  /** A member has sealed what breaks the rules of the format. */
  | "malformed";

export type Opened =
  | {
      /** Name of the node. */
      readonly from: string;
      readonly messages: readonly Message[];
    }
  | {
      readonly refused: PacketRefusal;
      /** To be sent to where the datagram came from. */
      readonly reply?: Uint8Array;
    };

/**
 * Seals what this member says to the others, and opens what they say: authentic, fresh, once. It has no socket, and no
 * datagram costs it more memory than it has for each member.
 */
export class MemberChannel {
  readonly #options: MemberChannelOptions;
  readonly #id: bigint;
  readonly #start: OwnStart;
  readonly #keys = new KeyRing();
  readonly #strangeStarts = new Pace(STRANGE_STARTS_PER_S);
  /** By name. */
  #peers: ReadonlyMap<string, Peer> = new Map();
  #peersById: ReadonlyMap<bigint, Peer> = new Map();

  constructor(options: MemberChannelOptions) {
    this.#options = options;
    this.#id = memberId(options.nodeName, sha256);
    this.#start = new OwnStart(this.#id, options.random);
  }

  get hasKey(): boolean {
    return this.#keys.newest !== undefined;
  }

  /** Takes a membership key as the newest. The former one stays until every member has shown that it holds this one. */
  setKey(secret: Uint8Array): void {
    this.#keys.add(secret);
  }

  /** @param names of all nodes; this one among them is passed over */
  setMembers(names: readonly string[]): void {
    const { nodeName, random } = this.#options;
    this.#peers = new Map(
      names
        .filter((name) => name !== nodeName)
        .map((name) => [name, this.#peers.get(name) ?? new Peer(name, random)]),
    );
    this.#peersById = new Map(this.#peers.values().map((peer) => [peer.id, peer]));
    this.#dropFormerKey();
  }

  /**
   * Gives the datagrams that say the messages; none while there is no key, or to who is no member.
   *
   * @param to name of a node
   */
  seal(to: string, messages: readonly Message[]): readonly Uint8Array[] {
    const peer = this.#peers.get(to);
    const key = peer && this.#keyFor(peer);
    if (peer === undefined || key === undefined) {
      return [];
    }
    return packBodies(messages).map((body) => this.#seal(key, peer.id, { echo: peer.token, body }));
  }

  /** Opens a datagram, whatever it is. */
  open(datagram: Uint8Array): Opened {
    const header = readHeader(datagram);
    if (typeof header === "string") {
      return { refused: header };
    }
    if (header.senderId === this.#id) {
      return { refused: "own-packet" };
    }
    const peer = this.#peersById.get(header.senderId);
    if (peer === undefined) {
      return { refused: "unknown-sender" };
    }
    const key = this.#keys.find(header.keyId);
    if (key === undefined) {
      return this.#refuseKey(peer, header);
    }
    if (peer.hasSeen(header)) {
      return { refused: "replayed" };
    }
    if (!(peer.knows(header.startNonce) || this.#mayMeet())) {
      return { refused: "too-many-starts" };
    }
    try {
      return this.#openSealed(datagram, header, peer, key);
    } catch (error) {
      if (error instanceof MalformedError) {
        return { refused: "malformed" };
      }
      throw error;
    }
  }

  #openSealed(datagram: Uint8Array, header: PacketHeader, peer: Peer, key: HeldKey): Opened {
    const keys = peer.keysOf(header.startNonce);
    const open = openWith(keys.of(key));
    const content = openPacket(datagram, header.sequence, this.#id, open);
    if (content === undefined) {
      return { refused: "not-authentic" };
    }
    peer.see(header, keys);
    const isFresh = content.echo === peer.tokenFor(header.startNonce);
    const token = this.#tokenIn(content);
    // a recorded challenge must not take the place of what a living start of the peer wants
    if (token !== undefined && (isFresh || !peer.isHeard)) {
      peer.token = token;
    }
    if (!isFresh) {
      return peer.mayReply(header.startNonce, this.#options.clock())
        ? { refused: "not-fresh", reply: this.#challenge(peer, header, key) }
        : { refused: "not-fresh" };
    }
    peer.hear(header, content.newestKeyId);
    this.#dropFormerKey();
    return { from: peer.name, messages: parseBody(content.body) };
  }

  /** The token for this start of this speaker, if a challenge brings one. */
  #tokenIn({ challenge }: PacketContent): bigint | undefined {
    return challenge?.startNonce === this.#start.nonce ? challenge.token : undefined;
  }

  /** Whether a packet of a start that was not met may be opened; if so, it counts as done. */
  #mayMeet(): boolean {
    const now = this.#options.clock();
    const may = now >= this.#strangeStarts.readyAt;
    if (may) {
      this.#strangeStarts.spend(1, now);
    }
    return may;
  }

  /** Replies too: a member that believes this speaker to hold only the former key learns so that it holds the newest. */
  #refuseKey(peer: Peer, header: PacketHeader): Opened {
    const { newest } = this.#keys;
    return newest !== undefined && peer.mayReplyToOtherKey(this.#options.clock())
      ? { refused: "unknown-key", reply: this.#challenge(peer, header, newest) }
      : { refused: "unknown-key" };
  }

  /** @param key one that the peer is known to hold, or the newest */
  #challenge(peer: Peer, { startNonce }: PacketHeader, key: HeldKey): Uint8Array {
    const challenge = { token: peer.tokenFor(startNonce), startNonce };
    return this.#seal(key, peer.id, { echo: peer.token, challenge, body: NOTHING });
  }

  /** Once every member has shown that it holds the newest key, nobody seals with the former any more. */
  #dropFormerKey(): void {
    const { newest, former } = this.#keys;
    if (newest === undefined || former === undefined) {
      return;
    }
    if (this.#peers.values().every((peer) => peer.holds(newest.id))) {
      this.#keys.dropFormer();
    }
  }

  /** The key for packets to the peer, if there is any: the newest if it is known to hold that, or if there is no other. */
  #keyFor(peer: Peer): HeldKey | undefined {
    const { newest, former } = this.#keys;
    return newest === undefined || former === undefined || peer.holds(newest.id) ? newest : former;
  }

  #seal(
    key: HeldKey,
    receiverId: bigint,
    content: { readonly echo: bigint; readonly challenge?: Challenge; readonly body: Uint8Array },
  ): Uint8Array {
    const { sequence, keys } = this.#start.next();
    const { senderId, startNonce } = keys;
    return sealPacket(
      { keyId: key.id, senderId, startNonce, sequence },
      receiverId,
      {
        echo: content.echo,
        newestKeyId: this.#keys.newest?.id ?? key.id,
        challenge: content.challenge,
        body: content.body,
      },
      sealWith(keys.of(key)),
    );
  }
}
