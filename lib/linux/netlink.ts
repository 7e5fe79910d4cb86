/** What rtnetlink(7) says of links, from bytes to values. The kernel writes in the byte order of the machine. */

import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { MAC_LENGTH, type Mac, macFromBytes } from "#lib/wire/mac.ts";

export interface Link {
  readonly index: number;
  readonly name: string;
  /** undefined: no Ethernet address. */
  readonly mac: Mac | undefined;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly broadcast: boolean;
  readonly loopback: boolean;
  readonly noArp: boolean;
  /** It is a port of a bridge, a bond or a VRF. */
  readonly enslaved: boolean;
}

export type LinkEvent =
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "unlink"; readonly index: number }
  /** The dump that was asked for is complete. */
  | { readonly kind: "done" }
  /** The request was refused. */
  | { readonly kind: "error"; readonly errno: number };

const MessageType = { error: 2, done: 3, newLink: 16, delLink: 17, getLink: 18 } as const;
const Attribute = { address: 1, name: 3, master: 10 } as const;
const Flag = {
  up: 0x1,
  broadcast: 0x2,
  loopback: 0x8,
  noArp: 0x80,
  lowerUp: 0x1_0000,
} as const;

const NLM_F_REQUEST_DUMP = 0x301;
const AF_UNSPEC = 0;

/** `struct nlmsghdr`, `struct ifinfomsg`, and the length and type of an attribute. */
const HEADER_LENGTH = 16;
const INFO_LENGTH = 16;
const ATTRIBUTE_HEADER_LENGTH = 4;

/** The request for all links. */
export function formatLinkDumpRequest(): Uint8Array {
  const request = new DataView(new ArrayBuffer(HEADER_LENGTH + INFO_LENGTH));
  request.setUint32(0, request.byteLength, true);
  request.setUint16(4, MessageType.getLink, true);
  request.setUint16(6, NLM_F_REQUEST_DUMP, true);
  return new Uint8Array(request.buffer);
}

/**
 * Reads one datagram. Messages of other types are passed over, and so is what a bridge says of its ports: it comes as
 * a message of a link, and would look like the end of that link when the port leaves the bridge.
 *
 * @throws {MalformedError} when a message or an attribute is cut short
 */
export function parseLinkEvents(datagram: Uint8Array): readonly LinkEvent[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const events: LinkEvent[] = [];
  for (let start = 0; start < view.byteLength; ) {
    const length = boundedLength(view, start, HEADER_LENGTH, "message", true);
    const event = eventFrom(new DataView(view.buffer, view.byteOffset + start, length));
    if (event !== undefined) {
      events.push(event);
    }
    start += aligned(length);
  }
  return events;
}

function eventFrom(message: DataView): LinkEvent | undefined {
  switch (message.getUint16(4, true)) {
    case MessageType.done:
      return { kind: "done" };
    case MessageType.error:
      needs(message, HEADER_LENGTH + 4);
      return { kind: "error", errno: -message.getInt32(HEADER_LENGTH, true) };
    case MessageType.newLink:
      return isOfLink(message) ? { kind: "link", link: linkFrom(message) } : undefined;
    case MessageType.delLink:
      return isOfLink(message)
        ? { kind: "unlink", index: message.getInt32(HEADER_LENGTH + 4, true) }
        : undefined;
    default:
      return undefined;
  }
}

function isOfLink(message: DataView): boolean {
  needs(message, HEADER_LENGTH + INFO_LENGTH);
  return message.getUint8(HEADER_LENGTH) === AF_UNSPEC;
}

function linkFrom(message: DataView): Link {
  const flags = message.getUint32(HEADER_LENGTH + 8, true);
  const attributes = attributesFrom(message);
  const address = attributes.get(Attribute.address);
  return {
    index: message.getInt32(HEADER_LENGTH + 4, true),
    name: textFrom(attributes.get(Attribute.name)),
    mac: address?.length === MAC_LENGTH ? macFromBytes(address) : undefined,
    up: (flags & Flag.up) !== 0,
    carrier: (flags & Flag.lowerUp) !== 0,
    broadcast: (flags & Flag.broadcast) !== 0,
    loopback: (flags & Flag.loopback) !== 0,
    noArp: (flags & Flag.noArp) !== 0,
    enslaved: attributes.has(Attribute.master),
  };
}

/** The last of each type counts. */
function attributesFrom(message: DataView): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  for (let start = HEADER_LENGTH + INFO_LENGTH; start < message.byteLength; ) {
    const length = boundedLength(message, start, ATTRIBUTE_HEADER_LENGTH, "attribute", false);
    const value = start + ATTRIBUTE_HEADER_LENGTH;
    attributes.set(
      message.getUint16(start + 2, true),
      new Uint8Array(message.buffer, message.byteOffset + value, length - ATTRIBUTE_HEADER_LENGTH),
    );
    start += aligned(length);
  }
  return attributes;
}

/** The length field at `start`, held to what is there: a length below its own header would never end. */
function boundedLength(
  view: DataView,
  start: number,
  least: number,
  what: string,
  isWide: boolean,
): number {
  const remaining = view.byteLength - start;
  if (remaining < least) {
    throw new MalformedError(
      "netlink datagram",
      `${what} needs ${least} bytes at offset ${start}, ${remaining} remain`,
    );
  }
  const length = isWide ? view.getUint32(start, true) : view.getUint16(start, true);
  if (length < least || length > remaining) {
    throw new MalformedError(
      "netlink datagram",
      `${what} at offset ${start} says it has ${length} bytes, ${remaining} remain`,
    );
  }
  return length;
}

function needs(message: DataView, length: number): void {
  if (message.byteLength < length) {
    throw new MalformedError(
      "netlink datagram",
      `message needs ${length} bytes, and has ${message.byteLength}`,
    );
  }
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** Without the zero byte at its end. */
function textFrom(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? [])
    .toString("latin1")
    .replace(/\0.*$/s, "");
}
