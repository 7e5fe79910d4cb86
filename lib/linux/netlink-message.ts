/**
 * The framing of netlink(7): datagrams made of messages, and messages of a fixed part and attributes. The kernel writes
 * in the byte order of the machine, and every length that it writes is held to what is there.
 */

import { type Ip, ipFromBytes } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";

/** Of rtnetlink(7), but for the first two, which are common to all families of netlink. */
export const MessageType = {
  error: 2,
  done: 3,
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  getNeighbour: 30,
  getMulticast: 58,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Of the header; some mean one thing in a request and another in what the kernel says. */
export const MessageFlag = {
  request: 0x1,
  /** The message belongs to a dump. */
  multi: 0x2,
  /** Something changed while the kernel dumped it, and the dump may lack what was there all the time. */
  dumpInterrupted: 0x10,
  /** Asks for all there is. */
  dump: 0x300,
} as const;

export const AddressFamily = { unspecified: 0, inet: 2, inet6: 10 } as const;

/** `struct nlmsghdr`. */
export const HEADER_LENGTH = 16;

const TYPE_OFFSET = 4;
const FLAGS_OFFSET = 6;
const SEQUENCE_OFFSET = 8;

/** Length and type of an attribute. */
const ATTRIBUTE_HEADER_LENGTH = 4;

/** Type flags that are no part of the type: NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** What was asked for is refused, or comes to its end. */
export type Answered =
  | { readonly kind: "done" }
  | { readonly kind: "error"; readonly errno: number };

export interface RequestHeader {
  readonly type: MessageType;
  readonly flags: number;
  /** Comes back with the answer. */
  readonly sequence: number;
}

/** Begins a request: its header is written, and all of the rest is zero. */
export function newRequest(header: RequestHeader, bodyLength: number): DataView {
  const request = new DataView(new ArrayBuffer(HEADER_LENGTH + bodyLength));
  request.setUint32(0, request.byteLength, true);
  request.setUint16(TYPE_OFFSET, header.type, true);
  request.setUint16(FLAGS_OFFSET, header.flags, true);
  request.setUint32(SEQUENCE_OFFSET, header.sequence, true);
  return request;
}

/** Writes an attribute, whose length is a multiple of four. */
export function putAttribute(
  request: DataView,
  start: number,
  type: number,
  value: Uint8Array,
): void {
  request.setUint16(start, ATTRIBUTE_HEADER_LENGTH + value.length, true);
  request.setUint16(start + 2, type, true);
  new Uint8Array(request.buffer).set(value, start + ATTRIBUTE_HEADER_LENGTH);
}

/**
 * Cuts a datagram into its messages, without copying.
 *
 * @throws {MalformedError} when a message is cut short
 */
export function messagesOf(datagram: Uint8Array): readonly DataView[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const messages: DataView[] = [];
  for (let start = 0; start < view.byteLength; ) {
    const length = boundedLength(view, start, HEADER_LENGTH, "message", true);
    messages.push(new DataView(view.buffer, view.byteOffset + start, length));
    start += aligned(length);
  }
  return messages;
}

export function typeOf(message: DataView): number {
  return message.getUint16(TYPE_OFFSET, true);
}

export function hasFlag(message: DataView, flag: number): boolean {
  return (message.getUint16(FLAGS_OFFSET, true) & flag) !== 0;
}

export function sequenceOf(message: DataView): number {
  return message.getUint32(SEQUENCE_OFFSET, true);
}

/**
 * Reads a message of one of the two common types. A dump that failed says why at its end.
 *
 * @throws {MalformedError} when it is cut short
 */
export function answeredFrom(message: DataView): Answered {
  needs(message, HEADER_LENGTH + 4);
  const errno = -message.getInt32(HEADER_LENGTH, true);
  return typeOf(message) === MessageType.done && errno <= 0
    ? { kind: "done" }
    : { kind: "error", errno };
}

/**
 * Reads attributes until the end of the message; the last of each type counts.
 *
 * @throws {MalformedError} when one is cut short
 */
export function attributesFrom(message: DataView, from: number): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  for (let start = from; start < message.byteLength; ) {
    const length = boundedLength(message, start, ATTRIBUTE_HEADER_LENGTH, "attribute", false);
    const value = start + ATTRIBUTE_HEADER_LENGTH;
    attributes.set(
      message.getUint16(start + 2, true) & ATTRIBUTE_TYPE_MASK,
      new Uint8Array(message.buffer, message.byteOffset + value, length - ATTRIBUTE_HEADER_LENGTH),
    );
    start += aligned(length);
  }
  return attributes;
}

/**
 * The length field at `start`, held to what is there: a length below its own header would never end.
 *
 * @param least of the header
 * @throws {MalformedError} when fewer bytes remain
 */
export function boundedLength(
  view: DataView,
  start: number,
  least: number,
  what: string,
  isWide: boolean,
): number {
  const remaining = view.byteLength - start;
  if (remaining < least) {
    throw malformed(`${what} needs ${least} bytes at offset ${start}, ${remaining} remain`);
  }
  const length = isWide ? view.getUint32(start, true) : view.getUint16(start, true);
  if (length < least || length > remaining) {
    throw malformed(`${what} at offset ${start} says it has ${length} bytes, ${remaining} remain`);
  }
  return length;
}

/** @throws {MalformedError} when the message has fewer bytes */
export function needs(message: DataView, length: number): void {
  if (message.byteLength < length) {
    throw malformed(`message needs ${length} bytes, and has ${message.byteLength}`);
  }
}

/** @throws {MalformedError} when the value is no 32-bit integer */
export function u32From(bytes: Uint8Array, what: string): number {
  if (bytes.length !== 4) {
    throw malformed(`${what} has ${bytes.length} bytes, not 4`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** @throws {MalformedError} when the value is no address of the family */
export function ipFrom(family: number, bytes: Uint8Array, what: string): Ip {
  const length = family === AddressFamily.inet ? 4 : 16;
  if (bytes.length !== length) {
    throw malformed(`${what} has ${bytes.length} bytes, not ${length}`);
  }
  return ipFromBytes(bytes);
}

/** The address in network byte order, as attributes and socket options carry it. */
export function ipBytes({ family, value }: Ip): Uint8Array {
  const view = new DataView(new ArrayBuffer(family === "IPv4" ? 4 : 16));
  if (family === "IPv4") {
    view.setUint32(0, Number(value));
  } else {
    view.setBigUint64(0, value >> 64n);
    view.setBigUint64(8, BigInt.asUintN(64, value));
  }
  return new Uint8Array(view.buffer);
}

export function isInternet(family: number): boolean {
  return family === AddressFamily.inet || family === AddressFamily.inet6;
}

/** Where the next thing begins after one of that length. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

export function malformed(why: string): MalformedError {
  return new MalformedError("netlink datagram", why);
}
