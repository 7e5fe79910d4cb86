/** Channels of members that hand each other what they seal, without a network and with reproducible chance. */

import { hash } from "node:crypto";
import type { Message } from "#lib/membership/message.ts";
import { MemberChannel, type Opened } from "#speaker/network/member-channel.ts";

export const KEY = new Uint8Array(32).fill(0x5a);
export const NEW_KEY = new Uint8Array(32).fill(0xa5);

export const HELLO: Message = { kind: "heard", subject: "n9", incarnation: 1 };

export interface ChannelOptions {
  readonly members?: readonly string[];
  readonly keys?: readonly Uint8Array[];
  readonly clock?: () => number;
}

let drawn = 0;

/** Bytes that differ from all drawn before. */
export function draw(length: number): Uint8Array {
  drawn += 1;
  return hash("sha256", `${drawn}`, "buffer").subarray(0, length);
}

/** A speaker that has just started. */
export function start(name: string, options: ChannelOptions = {}): MemberChannel {
  const channel = new MemberChannel({
    nodeName: name,
    clock: options.clock ?? hurriedClock(),
    random: draw,
  });
  channel.setMembers(options.members ?? ["n1", "n2", "n3"]);
  for (const key of options.keys ?? [KEY]) {
    channel.setKey(key);
  }
  return channel;
}

/** A second passes between any two looks, so that every packet may have its reply. */
function hurriedClock(): () => number {
  let now = 0;
  return () => {
    now += 1_000;
    return now;
  };
}

/** Hands a datagram over, and the replies that it gives rise to; returns what each was opened as. */
export function deliver(
  datagram: Uint8Array,
  from: MemberChannel,
  to: MemberChannel,
): readonly Opened[] {
  const opened = to.open(datagram);
  return "refused" in opened && opened.reply !== undefined
    ? [opened, ...deliver(opened.reply, to, from)]
    : [opened];
}

/** What one says to the other, as a single datagram. */
export function say(from: MemberChannel, to: string, message = HELLO): Uint8Array {
  const [datagram, ...others] = from.seal(to, [message]);
  if (datagram === undefined || others.length > 0) {
    throw new Error(`There are ${others.length} datagrams instead of one`);
  }
  return datagram;
}

/** Lets two speakers come to know each other, whatever they know of earlier lives. */
export function meet(
  one: MemberChannel,
  nameOfOther: string,
  other: MemberChannel,
  nameOfOne = "n1",
): void {
  for (let round = 0; round < 3; round++) {
    deliver(say(one, nameOfOther), one, other);
    deliver(say(other, nameOfOne), other, one);
  }
}

/** Whether what was said counts: that, or why it does not. */
export function verdict(opened: Opened): string {
  return "refused" in opened ? opened.refused : "counts";
}

export function replyOf(opened: Opened): Uint8Array {
  if (!("refused" in opened) || opened.reply === undefined) {
    throw new Error(`There is no reply to what ${verdict(opened)}`);
  }
  return opened.reply;
}
