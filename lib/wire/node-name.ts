/** Names of nodes: DNS subdomains, RFC 1123 §2.1, so each character is one byte. */

import { MalformedError } from "#lib/bytes/malformed-error.ts";

const NAME = /^[a-z0-9.-]{1,253}$/;

/** @throws {RangeError} when no node can have that name */
export function nodeNameToBytes(name: string): Uint8Array {
  if (!NAME.test(name)) {
    throw new RangeError(`Cannot write "${name}": it is not a node's name`);
  }
  return new TextEncoder().encode(name);
}

/** @throws {MalformedError} when no node can have that name */
export function nodeNameFromBytes(bytes: Uint8Array): string {
  const name = String.fromCharCode(...bytes);
  if (!NAME.test(name)) {
    throw new MalformedError("name", `that of ${bytes.length} bytes is not a node's`);
  }
  return name;
}
