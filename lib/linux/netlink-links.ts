/** What rtnetlink(7) says of links. */

import { MAC_LENGTH, type Mac, macFromBytes } from "#lib/wire/mac.ts";
import {
  AddressFamily,
  attributesFrom,
  HEADER_LENGTH,
  MessageType,
  needs,
  typeOf,
} from "./netlink-message.ts";

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
  | { readonly kind: "unlink"; readonly index: number };

/** `struct ifinfomsg`. */
export const LINK_INFO_LENGTH = 16;

const INDEX_OFFSET = HEADER_LENGTH + 4;
const FLAGS_OFFSET = HEADER_LENGTH + 8;

const Attribute = { address: 1, name: 3, master: 10, wireless: 11 } as const;
const Flag = {
  up: 0x1,
  broadcast: 0x2,
  loopback: 0x8,
  noArp: 0x80,
  lowerUp: 0x1_0000,
} as const;

/**
 * Reads a message of a new, changed or deleted link. Two that only look like it are passed over. What a bridge says of its
 * ports would look like the end of that link when the port leaves the bridge, and what Wi-Fi says of its events
 * (IFLA_WIRELESS) has no address, as if the link had none.
 *
 * @throws {MalformedError} when the message or an attribute is cut short
 */
export function linkEventFrom(message: DataView): LinkEvent | undefined {
  needs(message, HEADER_LENGTH + LINK_INFO_LENGTH);
  if (message.getUint8(HEADER_LENGTH) !== AddressFamily.unspecified) {
    return undefined;
  }
  if (typeOf(message) !== MessageType.newLink) {
    return { kind: "unlink", index: message.getInt32(INDEX_OFFSET, true) };
  }
  const attributes = attributesFrom(message, HEADER_LENGTH + LINK_INFO_LENGTH);
  return attributes.has(Attribute.wireless)
    ? undefined
    : { kind: "link", link: linkFrom(message, attributes) };
}

function linkFrom(message: DataView, attributes: ReadonlyMap<number, Uint8Array>): Link {
  const flags = message.getUint32(FLAGS_OFFSET, true);
  const address = attributes.get(Attribute.address);
  return {
    index: message.getInt32(INDEX_OFFSET, true),
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

/** Without the zero byte at its end. */
function textFrom(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? [])
    .toString("latin1")
    .replace(/\0.*$/s, "");
}
