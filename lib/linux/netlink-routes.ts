/** What rtnetlink(7) says of default routes. A node of a cluster has thousands of others, of which nothing is kept. */

import type { Ip } from "#lib/address/ip.ts";
import {
  aligned,
  attributesFrom,
  boundedLength,
  HEADER_LENGTH,
  hasFlag,
  ipFrom,
  isInternet,
  MessageFlag,
  MessageType,
  malformed,
  needs,
  typeOf,
  u32From,
} from "./netlink-message.ts";

/** A next hop of a default route. */
export interface Gateway {
  /** Of the link that leads there. */
  readonly index: number;
  readonly ip: Ip;
}

export type RouteEvent =
  | { readonly kind: "gateway"; readonly gateway: Gateway }
  /**
   * The default routes are others now. The message that says so does not say enough: whether a new route takes the place
   * of an old one, and of which, depends on how it was made. Only a dump tells.
   */
  | { readonly kind: "routes-changed" };

/** `struct rtmsg`. */
export const ROUTE_INFO_LENGTH = 12;

const DESTINATION_LENGTH_OFFSET = HEADER_LENGTH + 1;
const TABLE_OFFSET = HEADER_LENGTH + 4;
const TYPE_OFFSET = HEADER_LENGTH + 7;

const MAIN_TABLE = 254;
/** To a gateway or a link, and not to this machine or to nowhere. */
const UNICAST = 1;

const Attribute = { link: 4, gateway: 5, nextHops: 9, table: 15, via: 18 } as const;

/** `struct rtnexthop`: length, flags, weight, index of the link; attributes follow. */
const NEXT_HOP_LENGTH = 8;

/** Of the family of an address whose bytes follow, in RTA_VIA. */
const VIA_FAMILY_LENGTH = 2;

const NONE: readonly RouteEvent[] = [];

/**
 * Reads a message of a new, changed or deleted route: of a dump the gateways, if it is a default route of the main table.
 *
 * @throws {MalformedError} when the message or an attribute of a default route is cut short, or holds no address of its family
 */
export function routeEventsFrom(message: DataView): readonly RouteEvent[] {
  needs(message, HEADER_LENGTH + ROUTE_INFO_LENGTH);
  const family = message.getUint8(HEADER_LENGTH);
  if (message.getUint8(DESTINATION_LENGTH_OFFSET) !== 0 || !isInternet(family)) {
    return NONE;
  }
  const attributes = attributesFrom(message, HEADER_LENGTH + ROUTE_INFO_LENGTH);
  if (tableOf(message, attributes.get(Attribute.table)) !== MAIN_TABLE) {
    return NONE;
  }
  if (typeOf(message) !== MessageType.newRoute || !hasFlag(message, MessageFlag.multi)) {
    return [{ kind: "routes-changed" }];
  }
  return message.getUint8(TYPE_OFFSET) === UNICAST
    ? gatewaysFrom(family, attributes).map((gateway) => ({ kind: "gateway", gateway }))
    : NONE;
}

function tableOf(message: DataView, attribute: Uint8Array | undefined): number {
  return attribute === undefined ? message.getUint8(TABLE_OFFSET) : u32From(attribute, "table");
}

function gatewaysFrom(
  family: number,
  attributes: ReadonlyMap<number, Uint8Array>,
): readonly Gateway[] {
  const link = attributes.get(Attribute.link);
  const ip = nextHopFrom(family, attributes);
  const nextHops = attributes.get(Attribute.nextHops);
  const only = link && ip && { index: u32From(link, "link"), ip };
  const several = nextHops === undefined ? [] : nextHopsFrom(family, nextHops);
  return only === undefined ? several : [only, ...several];
}

function nextHopsFrom(family: number, bytes: Uint8Array): readonly Gateway[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const gateways: Gateway[] = [];
  for (let start = 0; start < view.byteLength; ) {
    const length = boundedLength(view, start, NEXT_HOP_LENGTH, "next hop", false);
    const nextHop = new DataView(view.buffer, view.byteOffset + start, length);
    const ip = nextHopFrom(family, attributesFrom(nextHop, NEXT_HOP_LENGTH));
    if (ip !== undefined) {
      gateways.push({ index: nextHop.getInt32(4, true), ip });
    }
    start += aligned(length);
  }
  return gateways;
}

/** A gateway of the other family comes as RTA_VIA, RFC 5549. */
function nextHopFrom(family: number, attributes: ReadonlyMap<number, Uint8Array>): Ip | undefined {
  const gateway = attributes.get(Attribute.gateway);
  if (gateway !== undefined) {
    return ipFrom(family, gateway, "gateway");
  }
  const via = attributes.get(Attribute.via);
  if (via === undefined) {
    return undefined;
  }
  if (via.length < VIA_FAMILY_LENGTH) {
    throw malformed(`gateway has ${via.length} bytes, and needs ${VIA_FAMILY_LENGTH}`);
  }
  const viaFamily = new DataView(via.buffer, via.byteOffset).getUint16(0, true);
  return isInternet(viaFamily)
    ? ipFrom(viaFamily, via.subarray(VIA_FAMILY_LENGTH), "gateway")
    : undefined;
}
