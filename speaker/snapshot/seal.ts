/**
 * A snapshot as it lies on the disk of its node. Whoever can open it is whom it was made for: the key comes of the secret
 * that the speakers of one cluster share and of the name of the node.
 *
 * ```
 *  4  magic "HSNP"
 *  1  version                      1
 * 12  nonce                        random
 *  n  JSON, AES-256-GCM (NIST SP 800-38D); magic and version are authenticated with it
 * 16  tag
 * ```
 */

import {
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";

const MAGIC = 0x48_53_4e_50;
/** Of the layout and of the JSON in it. */
const VERSION = 1;
const HEADER_LENGTH = 5;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const KEY_LENGTH = 32;
const CIPHER = "aes-256-gcm";
/** Tells this key from all others that are made of the same secret: RFC 5869 §3.2. */
const LABEL = "herald snapshot";
const NO_SALT = new Uint8Array();

/** One key a node: random nonces of 12 bytes are safe for 2³² messages of one key, not of a thousand nodes. */
export function snapshotKey(secret: Uint8Array, node: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, NO_SALT, `${LABEL} ${node}`, KEY_LENGTH));
}

/** @param nonce 12 bytes, never the same twice under one key */
export function seal(
  text: string,
  key: Uint8Array,
  nonce: Uint8Array = randomBytes(NONCE_LENGTH),
): Uint8Array {
  const header = new ByteWriter(HEADER_LENGTH).u32(MAGIC).u8(VERSION).written();
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(header);
  const body = [cipher.update(text, "utf8"), cipher.final()];
  return Buffer.concat([header, nonce, ...body, cipher.getAuthTag()]);
}

/** @throws {MalformedError} when it is of another version or is cut short, or when the key does not open it */
export function open(bytes: Uint8Array, key: Uint8Array): string {
  const reader = new ByteReader("snapshot", bytes);
  const header = reader.bytes(HEADER_LENGTH, "header");
  const head = new ByteReader("snapshot", header);
  if (head.u32("magic") !== MAGIC) {
    throw reader.malformed("magic is another's");
  }
  const version = head.u8("version");
  if (version !== VERSION) {
    throw reader.malformed(`version is ${version}, not ${VERSION}`);
  }
  const nonce = reader.bytes(NONCE_LENGTH, "nonce");
  const length = Math.max(0, reader.remaining - TAG_LENGTH);
  const body = reader.bytes(length, "body");
  const tag = reader.bytes(TAG_LENGTH, "tag");
  const decipher = createDecipheriv(CIPHER, key, nonce).setAAD(header).setAuthTag(tag);
  const text = decipher.update(body, undefined, "utf8");
  if (!isWhole(decipher)) {
    throw reader.malformed(
      "the key does not open it: another node or cluster wrote it, or the membership key was another, or it is damaged",
    );
  }
  return text;
}

/** Whether the tag is that of what was deciphered; OpenSSL says no more. */
function isWhole(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
