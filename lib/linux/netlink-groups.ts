/** What rtnetlink(7) says of the IPv6 multicast groups that links belong to. */

import type { Ip } from "#lib/address/ip.ts";
import {
  AddressFamily,
  attributesFrom,
  HEADER_LENGTH,
  ipFrom,
  MessageFlag,
  MessageType,
  needs,
  newRequest,
} from "./netlink-message.ts";

export interface GroupOnLink {
  /** Of the link. */
  readonly index: number;
  readonly group: Ip;
}

/** `struct ifaddrmsg`. */
const INFO_LENGTH = 8;
const INDEX_OFFSET = HEADER_LENGTH + 4;
const MULTICAST_ATTRIBUTE = 7;

/** Asks for the groups of all links. */
export function formatGroupDumpRequest(sequence: number): Uint8Array {
  const flags = MessageFlag.request | MessageFlag.dump;
  const header = { type: MessageType.getMulticast, flags, sequence };
  const request = newRequest(header, INFO_LENGTH);
  request.setUint8(HEADER_LENGTH, AddressFamily.inet6);
  return new Uint8Array(request.buffer);
}

/**
 * Reads one message of the dump; undefined when it is of another family.
 *
 * @throws {MalformedError} when the message or an attribute is cut short, or holds no IPv6 address
 */
export function groupFrom(message: DataView): GroupOnLink | undefined {
  needs(message, HEADER_LENGTH + INFO_LENGTH);
  const attribute = attributesFrom(message, HEADER_LENGTH + INFO_LENGTH).get(MULTICAST_ATTRIBUTE);
  if (message.getUint8(HEADER_LENGTH) !== AddressFamily.inet6 || attribute === undefined) {
    return undefined;
  }
  return {
    index: message.getInt32(INDEX_OFFSET, true),
    group: ipFrom(AddressFamily.inet6, attribute, "group"),
  };
}
