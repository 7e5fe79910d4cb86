import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { keyId, memberId } from "./member-id.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

test("gives a node the first 8 bytes of the hash of its labelled name", () => {
  const hash = createHash("sha256").update("herald member id n1").digest();
  expect(memberId("n1", sha256)).toBe(hash.readBigUInt64BE());
});

test("gives a key the first 4 bytes of its labelled hash", () => {
  const hash = createHash("sha256").update("herald key id ").update(Uint8Array.of(0, 255)).digest();
  expect(keyId(Uint8Array.of(0, 255), sha256)).toBe(hash.readUInt32BE());
});
