/** Link-layer addresses as text, `02:00:00:00:00:11`: comparable, fit for a log line and a key of a map. */

import { MalformedError } from "#lib/bytes/malformed-error.ts";

/** Canonical text: six lower-case pairs, joined by colons. */
export type Mac = string;

export const MAC_LENGTH = 6;
export const ZERO_MAC: Mac = "00:00:00:00:00:00";
export const BROADCAST_MAC: Mac = "ff:ff:ff:ff:ff:ff";

const PATTERN = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** @throws {MalformedError} when there are not six bytes */
export function macFromBytes(bytes: Uint8Array): Mac {
  if (bytes.length !== MAC_LENGTH) {
    throw new MalformedError("MAC address", `it has ${bytes.length} bytes, not ${MAC_LENGTH}`);
  }
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** @throws {MalformedError} when the text is not canonical */
export function macToBytes(mac: Mac): Uint8Array {
  if (!PATTERN.test(mac)) {
    throw new MalformedError(`MAC address "${mac}"`, "it is not six lower-case pairs with colons");
  }
  return Uint8Array.from(mac.split(":"), (pair) => Number.parseInt(pair, 16));
}
