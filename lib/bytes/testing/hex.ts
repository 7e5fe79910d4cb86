/** Bytes as hexadecimal text, for golden vectors. */

/** Takes two digits for a byte; stops at the first pair that is none. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
