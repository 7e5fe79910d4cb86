/** What rtnetlink(7) says of links, their addresses and the default routes, from bytes to values. */

import { ADDRESS_INFO_LENGTH, type AddressEvent, addressEventFrom } from "./netlink-addresses.ts";
import { LINK_INFO_LENGTH, type LinkEvent, linkEventFrom } from "./netlink-links.ts";
import {
  type Answered,
  answeredFrom,
  hasFlag,
  MessageFlag,
  MessageType,
  messagesOf,
  newRequest,
  typeOf,
} from "./netlink-message.ts";
import { ROUTE_INFO_LENGTH, type RouteEvent, routeEventsFrom } from "./netlink-routes.ts";

export type NetlinkMessage =
  | LinkEvent
  | AddressEvent
  | RouteEvent
  | Answered
  /** The running dump may lack something. */
  | { readonly kind: "interrupted" };

/** What can be asked for, each by a dump of its own. */
export const DUMPS = ["links", "addresses", "routes"] as const;
export type Dump = (typeof DUMPS)[number];

const REQUESTS = {
  links: { type: MessageType.getLink, bodyLength: LINK_INFO_LENGTH },
  addresses: { type: MessageType.getAddress, bodyLength: ADDRESS_INFO_LENGTH },
  routes: { type: MessageType.getRoute, bodyLength: ROUTE_INFO_LENGTH },
} as const;

/** The request for all links, or all addresses or routes of all families. */
export function formatDumpRequest(dump: Dump): Uint8Array {
  const { type, bodyLength } = REQUESTS[dump];
  const flags = MessageFlag.request | MessageFlag.dump;
  return new Uint8Array(newRequest({ type, flags, sequence: 0 }, bodyLength).buffer);
}

/**
 * Reads one datagram. Messages of other types are passed over.
 *
 * @throws {MalformedError} when a message or an attribute is cut short, or an address is none of its family
 */
export function parseNetlink(datagram: Uint8Array): readonly NetlinkMessage[] {
  const parsed: NetlinkMessage[] = [];
  for (const message of messagesOf(datagram)) {
    if (hasFlag(message, MessageFlag.dumpInterrupted)) {
      parsed.push({ kind: "interrupted" });
    }
    parsed.push(...parseMessage(message));
  }
  return parsed;
}

function parseMessage(message: DataView): readonly NetlinkMessage[] {
  switch (typeOf(message)) {
    case MessageType.error:
    case MessageType.done:
      return [answeredFrom(message)];
    case MessageType.newLink:
    case MessageType.delLink:
      return listOf(linkEventFrom(message));
    case MessageType.newAddress:
    case MessageType.delAddress:
      return listOf(addressEventFrom(message));
    case MessageType.newRoute:
    case MessageType.delRoute:
      return routeEventsFrom(message);
    default:
      return [];
  }
}

function listOf(message: NetlinkMessage | undefined): readonly NetlinkMessage[] {
  return message === undefined ? [] : [message];
}
