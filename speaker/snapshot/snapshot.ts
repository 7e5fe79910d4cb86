/**
 * What a speaker needs to answer again while the API server is down: the network thread's table, the members, and what
 * that thread wants to know of its former life. This file is its form as JSON; `seal.ts` makes it safe to keep.
 */

import { formatIp, tryParseIp } from "#lib/address/ip.ts";
import { FieldError } from "#lib/api/field-error.ts";
import { readBoolean, readInteger, readList, readObject, readString } from "#lib/api/read-field.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import type { MemberAddress, Row } from "#speaker/network/messages.ts";

export interface Snapshot {
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number;
  /** Addresses that were new are so no more. */
  readonly rows: readonly Row[];
  readonly members: readonly MemberAddress[];
  /** Why this node gives its addresses away; undefined: it does not. */
  readonly draining?: string | undefined;
  /** Opaque to the main thread. */
  readonly network?: Uint8Array | undefined;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Names of nodes stand once, and an order of nodes is made of their places: the orders are most of a snapshot. */
export function formatSnapshot(snapshot: Snapshot): string {
  const { draining, members, network, rows, takenAtMs } = snapshot;
  const places = new Map<string, number>();
  const placeOf = (node: string) => {
    const place = places.get(node) ?? places.size;
    places.set(node, place);
    return place;
  };
  const placed = rows.map(({ isNew: _, order, ...row }) => ({ ...row, order: order.map(placeOf) }));
  return JSON.stringify({
    takenAtMs,
    nodes: [...places.keys()],
    rows: placed,
    members,
    ...(draining !== undefined && { draining }),
    ...(network !== undefined && { network: Buffer.from(network).toString("base64") }),
  });
}

/** @throws {MalformedError} when it is not what `formatSnapshot` writes */
export function parseSnapshot(text: string): Snapshot {
  try {
    return snapshotFrom(readObject(JSON.parse(text), "all of it"));
  } catch (cause) {
    throw cause instanceof FieldError || cause instanceof SyntaxError
      ? new MalformedError("snapshot", cause.message)
      : cause;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function snapshotFrom(raw: Fields): Snapshot {
  const nodes = textsFrom(raw["nodes"], "nodes");
  const { draining, network } = raw;
  return {
    takenAtMs: readInteger(raw["takenAtMs"], "takenAtMs", 0),
    rows: readList(raw["rows"], "rows").map((row, index) => rowFrom(row, `rows[${index}]`, nodes)),
    members: readList(raw["members"], "members").map((member, index) =>
      memberFrom(member, `members[${index}]`),
    ),
    ...(draining !== undefined && { draining: readString(draining, "draining") }),
    ...(network !== undefined && { network: bytesFrom(network, "network") }),
  };
}

function rowFrom(raw: unknown, field: string, nodes: readonly string[]): Row {
  const row = readObject(raw, field);
  const { contested, links } = row;
  return {
    service: readString(row["service"], `${field}.service`),
    ips: ipsFrom(row["ips"], `${field}.ips`),
    order: readList(row["order"], `${field}.order`).map((place, index) =>
      nodeAt(place, `${field}.order[${index}]`, nodes),
    ),
    ...(links !== undefined && { links: textsFrom(links, `${field}.links`) }),
    ...(readBoolean(row["onSubnetOnly"], `${field}.onSubnetOnly`, false) && { onSubnetOnly: true }),
    ...(contested !== undefined && { contested: ipsFrom(contested, `${field}.contested`) }),
  };
}

/** The network thread relies on canonical text. */
function ipsFrom(raw: unknown, field: string): readonly string[] {
  const ips = textsFrom(raw, field);
  const wrong = ips.find((text) => {
    const ip = tryParseIp(text);
    return ip === undefined || formatIp(ip) !== text;
  });
  if (wrong !== undefined) {
    throw new FieldError(field, `"${wrong}" is no IP address in canonical text`);
  }
  return ips;
}

function nodeAt(place: unknown, field: string, nodes: readonly string[]): string {
  const node = typeof place === "number" ? nodes[place] : undefined;
  if (node === undefined) {
    throw new FieldError(field, `it is no place among the ${nodes.length} nodes`);
  }
  return node;
}

function memberFrom(raw: unknown, field: string): MemberAddress {
  const { addresses, name } = readObject(raw, field);
  return {
    name: readString(name, `${field}.name`),
    addresses: textsFrom(addresses, `${field}.addresses`),
  };
}

function textsFrom(raw: unknown, field: string): readonly string[] {
  return readList(raw, field).map((entry, index) => readString(entry, `${field}[${index}]`));
}

function bytesFrom(raw: unknown, field: string): Uint8Array {
  const text = readString(raw, field);
  if (!BASE64.test(text)) {
    throw new FieldError(field, "it is no base64");
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}
