/** What rtnetlink(7) says of the addresses on links. */

import type { Ip } from "#lib/address/ip.ts";
import { blockAround, type IpRange } from "#lib/address/ip-range.ts";
import {
  attributesFrom,
  HEADER_LENGTH,
  ipFrom,
  isInternet,
  MessageType,
  malformed,
  needs,
  typeOf,
  u32From,
} from "./netlink-message.ts";

export interface LinkAddress {
  /** Of the link. */
  readonly index: number;
  /** Of this machine. */
  readonly ip: Ip;
  /** The subnet of the link; on a point-to-point link that of its other end. */
  readonly subnet: IpRange;
  /** It may be sent from: no other host has it, or may still say so (RFC 4862 §5.4). */
  readonly isUsable: boolean;
}

export interface AddressEvent {
  /** New or changed, or gone. */
  readonly kind: "address" | "unaddress";
  readonly address: LinkAddress;
}

/** `struct ifaddrmsg`. */
export const ADDRESS_INFO_LENGTH = 8;

const PREFIX_LENGTH_OFFSET = HEADER_LENGTH + 1;
const FLAGS_OFFSET = HEADER_LENGTH + 2;
const INDEX_OFFSET = HEADER_LENGTH + 4;

/** Flags that do not fit into the eight bits of the fixed part come as an attribute, which then has those too. */
const Attribute = { address: 1, local: 2, flags: 8 } as const;
const Flag = { optimistic: 0x4, dadFailed: 0x8, tentative: 0x40 } as const;

const MAX_PREFIX_LENGTH = { IPv4: 32, IPv6: 128 } as const;

/**
 * Reads a message of a new, changed or deleted address. Families other than IPv4 and IPv6 are passed over.
 *
 * @throws {MalformedError} when the message or an attribute is cut short, or holds no address of its family
 */
export function addressEventFrom(message: DataView): AddressEvent | undefined {
  needs(message, HEADER_LENGTH + ADDRESS_INFO_LENGTH);
  const family = message.getUint8(HEADER_LENGTH);
  if (!isInternet(family)) {
    return undefined;
  }
  const attributes = attributesFrom(message, HEADER_LENGTH + ADDRESS_INFO_LENGTH);
  const address = attributes.get(Attribute.address);
  // without a peer IPv6 leaves the local address out, and IPv4 writes it twice
  const local = attributes.get(Attribute.local) ?? address;
  if (local === undefined) {
    return undefined;
  }
  const ip = ipFrom(family, local, "address");
  const remote = address === undefined ? ip : ipFrom(family, address, "address");
  return {
    kind: typeOf(message) === MessageType.newAddress ? "address" : "unaddress",
    address: {
      index: message.getInt32(INDEX_OFFSET, true),
      ip,
      subnet: blockAround(remote, prefixLengthOf(message, ip)),
      isUsable: isUsable(flagsOf(message, attributes.get(Attribute.flags))),
    },
  };
}

function prefixLengthOf(message: DataView, { family }: Ip): number {
  const length = message.getUint8(PREFIX_LENGTH_OFFSET);
  if (length > MAX_PREFIX_LENGTH[family]) {
    throw malformed(
      `prefix length is ${length}, and ${family} ends at ${MAX_PREFIX_LENGTH[family]}`,
    );
  }
  return length;
}

function flagsOf(message: DataView, attribute: Uint8Array | undefined): number {
  return attribute === undefined ? message.getUint8(FLAGS_OFFSET) : u32From(attribute, "flags");
}

/** An optimistic address is used while others are asked, RFC 4429. */
function isUsable(flags: number): boolean {
  const isTentative = (flags & Flag.tentative) !== 0 && (flags & Flag.optimistic) === 0;
  return !isTentative && (flags & Flag.dadFailed) === 0;
}
