import { hash } from "node:crypto";

/** SHA-256 of the text in UTF-8, 32 bytes. */
export function sha256(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}
