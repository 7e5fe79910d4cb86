import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { freshnessToken, packetKey } from "./packet-crypto.ts";

const SECRET = new Uint8Array(32).fill(0x5a);
const SENDER = 0xb1b2_b3b4_b5b6_b7b8n;
const START = 0xc1c2_c3c4_c5c6_c7c8n;

function hmac(key: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const mac = createHmac("sha256", key);
  for (const part of parts) {
    mac.update(part);
  }
  return mac.digest();
}

test("derives the key of a start as RFC 5869 §2 has it", () => {
  const extracted = hmac(Buffer.from("c1c2c3c4c5c6c7c8", "hex"), SECRET);
  const sender = Buffer.from("b1b2b3b4b5b6b7b8", "hex");
  const expanded = hmac(extracted, "herald packet key ", sender, Uint8Array.of(1));
  expect(packetKey(SECRET, SENDER, START).export()).toEqual(expanded);
});

test("gives each start of each sender a token of its own", () => {
  const token = freshnessToken(SECRET, SENDER, START);
  const bytes = Buffer.from("b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8", "hex");
  expect(token.toString(16).padStart(16, "0")).toBe(toHex(hmac(SECRET, bytes).subarray(0, 8)));
});
