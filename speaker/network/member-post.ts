import { randomBytes } from "node:crypto";
import type { Log } from "#lib/log/log.ts";
import type { Message } from "#lib/membership/message.ts";
import { MemberChannel } from "./member-channel.ts";
import { MemberSockets, type Received } from "./member-sockets.ts";
import type { MemberAddress } from "./messages.ts";

export interface MemberPostOptions {
  readonly nodeName: string;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  readonly log: Log;
  deliver(from: string, message: Message): void;
}

/** What this member says to the others and they to it, sealed on the wire. */
export class MemberPost {
  readonly #options: MemberPostOptions;
  readonly #channel: MemberChannel;
  readonly #sockets: MemberSockets;
  /** What is to be said to each at the end of the turn. */
  readonly #unsent = new Map<string, Message[]>();
  readonly #drops = new Map<string, number>();

  constructor(options: MemberPostOptions) {
    this.#options = options;
    const { clock, log, nodeName } = options;
    this.#channel = new MemberChannel({ nodeName, clock, random: randomBytes });
    this.#sockets = new MemberSockets(log);
  }

  get hasKey(): boolean {
    return this.#channel.hasKey;
  }

  /** Packets that did not count, by reason. */
  get drops(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#drops);
  }

  setKey(key: Uint8Array): void {
    this.#channel.setKey(key);
  }

  /** @param list all with whom this node speaks, itself among them or not */
  setMembers(list: readonly MemberAddress[]): void {
    this.#channel.setMembers(list.map(({ name }) => name));
    this.#sockets.setMembers(list.filter(({ name }) => name !== this.#options.nodeName));
  }

  /**
   * Opens the port, and returns the descriptors to read from.
   *
   * @throws {LinuxError} when the port is taken
   */
  open(port: number): readonly number[] {
    return this.#sockets.open(port);
  }

  read(): void {
    this.#sockets.read((datagram) => this.#take(datagram));
  }

  post(to: string, message: Message): void {
    const messages = this.#unsent.get(to);
    if (messages === undefined) {
      this.#unsent.set(to, [message]);
    } else {
      messages.push(message);
    }
  }

  /** Sends what was posted: several messages have place in one packet. */
  flush(): void {
    for (const [to, messages] of this.#unsent) {
      this.#send(to, messages);
    }
    this.#unsent.clear();
  }

  /** Sends each message that was posted in a packet of its own, so that copies of one are not lost together. */
  flushApart(): void {
    for (const [to, messages] of this.#unsent) {
      for (const message of messages) {
        this.#send(to, [message]);
      }
    }
    this.#unsent.clear();
  }

  close(): void {
    this.#sockets.close();
  }

  #send(to: string, messages: readonly Message[]): void {
    for (const datagram of this.#channel.seal(to, messages)) {
      this.#sockets.send(to, datagram);
    }
  }

  #take(datagram: Uint8Array): Received {
    const opened = this.#channel.open(datagram);
    if ("refused" in opened) {
      this.#drops.set(opened.refused, (this.#drops.get(opened.refused) ?? 0) + 1);
      return { from: undefined, reply: opened.reply };
    }
    for (const message of opened.messages) {
      this.#options.deliver(opened.from, message);
    }
    return { from: opened.from, reply: undefined };
  }
}
