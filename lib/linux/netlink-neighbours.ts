/** What rtnetlink(7) knows of one neighbour: the MAC address of an IP address on a link. */

import type { Ip } from "#lib/address/ip.ts";
import { MAC_LENGTH, type Mac, macFromBytes } from "#lib/wire/mac.ts";
import {
  AddressFamily,
  attributesFrom,
  HEADER_LENGTH,
  ipBytes,
  MessageFlag,
  MessageType,
  needs,
  newRequest,
  putAttribute,
} from "./netlink-message.ts";

/** `struct ndmsg`. */
const NEIGHBOUR_INFO_LENGTH = 12;

const INDEX_OFFSET = HEADER_LENGTH + 4;

const Attribute = { destination: 1, linkLayerAddress: 2 } as const;
const ATTRIBUTE_HEADER_LENGTH = 4;

/** Asks for one entry, which Linux 5.0 and later answer. */
export function formatNeighbourRequest(index: number, ip: Ip, sequence: number): Uint8Array {
  const destination = ipBytes(ip);
  const request = newRequest(
    { type: MessageType.getNeighbour, flags: MessageFlag.request, sequence },
    NEIGHBOUR_INFO_LENGTH + ATTRIBUTE_HEADER_LENGTH + destination.length,
  );
  const family = ip.family === "IPv4" ? AddressFamily.inet : AddressFamily.inet6;
  request.setUint8(HEADER_LENGTH, family);
  request.setInt32(INDEX_OFFSET, index, true);
  putAttribute(request, HEADER_LENGTH + NEIGHBOUR_INFO_LENGTH, Attribute.destination, destination);
  return new Uint8Array(request.buffer);
}

/**
 * Reads the entry's MAC address; undefined when the kernel asks for it just now, asked in vain, or it is not Ethernet's.
 *
 * @throws {MalformedError} when the message or an attribute is cut short
 */
export function neighbourMacFrom(message: DataView): Mac | undefined {
  needs(message, HEADER_LENGTH + NEIGHBOUR_INFO_LENGTH);
  const attributes = attributesFrom(message, HEADER_LENGTH + NEIGHBOUR_INFO_LENGTH);
  const address = attributes.get(Attribute.linkLayerAddress);
  return address?.length === MAC_LENGTH ? macFromBytes(address) : undefined;
}
