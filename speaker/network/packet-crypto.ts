/** The cryptography of membership: what the codec of the sealed packet leaves to be handed in, by `node:crypto`. */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { type Open, type Seal, TAG_LENGTH } from "#lib/wire/sealed-packet.ts";

const CIPHER = "aes-256-gcm";
const KEY_LENGTH = 32;
const PACKET_LABEL = Buffer.from("herald packet key ");

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

/** The key of one start of one sender, by HKDF: RFC 5869. */
export function packetKey(secret: Uint8Array, senderId: bigint, startNonce: bigint): KeyObject {
  const salt = u64s(startNonce);
  const info = Buffer.concat([PACKET_LABEL, u64s(senderId)]);
  return createSecretKey(Buffer.from(hkdfSync("sha256", secret, salt, info, KEY_LENGTH)));
}

export function sealWith(key: KeyObject): Seal {
  return (plaintext, gcmNonce, additionalData) => {
    const cipher = createCipheriv(CIPHER, key, gcmNonce, { authTagLength: TAG_LENGTH });
    cipher.setAAD(additionalData);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  };
}

export function openWith(key: KeyObject): Open {
  return (sealed, gcmNonce, additionalData) => {
    const decipher = createDecipheriv(CIPHER, key, gcmNonce, { authTagLength: TAG_LENGTH });
    decipher.setAAD(additionalData);
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    const plaintext = decipher.update(sealed.subarray(0, -TAG_LENGTH));
    try {
      decipher.final();
    } catch {
      // it throws for one reason only: the tag is another
      return undefined;
    }
    return plaintext;
  };
}

/** What a sender has to echo, 64 bits: nobody without the secret can tell it. */
export function freshnessToken(secret: Uint8Array, senderId: bigint, startNonce: bigint): bigint {
  const digest = createHmac("sha256", secret).update(u64s(senderId, startNonce)).digest();
  return new ByteReader("token", digest).u64("token");
}

/** @param random gives as many random bytes */
export function randomU64(random: (length: number) => Uint8Array): bigint {
  return new ByteReader("random bytes", random(8)).u64("random bytes");
}

function u64s(...values: readonly bigint[]): Uint8Array {
  const writer = new ByteWriter(8 * values.length);
  for (const value of values) {
    writer.u64(value);
  }
  return writer.written();
}
