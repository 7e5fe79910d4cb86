/** Netlink messages as hexadecimal text, and bytes that are almost such messages. */

import fc from "fast-check";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";

/** An integer as a machine of x64 or arm64 lays it out. */
export function little(value: number, length: number): string {
  const bytes = new Uint8Array(Math.max(length, 4));
  new DataView(bytes.buffer).setInt32(0, value, true);
  return toHex(bytes.subarray(0, length));
}

export function message(type: number, body: string, flags = 0): string {
  return `${little(16 + body.length / 2, 4)}${little(type, 2)}${little(flags, 2)}${little(0, 8)}${body}`;
}

export function attribute(type: number, value: string): string {
  const length = 4 + value.length / 2;
  return `${little(length, 2)}${little(type, 2)}${value}${"00".repeat(-length & 3)}`;
}

/** Only as a DataView, which is how readers of one message take it. */
export function viewOf(hex: string): DataView {
  return new DataView(fromHex(hex).buffer);
}

/** The bytes with some of them turned into others, and any bytes at all that are as long as a header. */
export function almost(hex: string): fc.Arbitrary<Uint8Array> {
  const original = fromHex(hex);
  const change = fc.record({ at: fc.nat(original.length - 1), value: fc.nat(255) });
  const turned = fc.array(change, { maxLength: 6 }).map((changes) => {
    const bytes = original.slice();
    for (const { at, value } of changes) {
      bytes[at] = value;
    }
    return bytes;
  });
  return fc.oneof(turned, fc.uint8Array({ minLength: 16, maxLength: 128 }));
}

/**
 * All beginnings of a message that end within a field. One that ends behind an attribute, or in the padding there, is whole.
 *
 * @param attributesAt where the attributes begin
 */
export function cutsOf(hex: string, attributesAt: number): readonly DataView[] {
  const whole = viewOf(hex);
  const wholes = new Set([attributesAt]);
  for (let start = attributesAt; start < whole.byteLength; ) {
    const end = start + whole.getUint16(start, true);
    start = (end + 3) & ~3;
    for (let length = end; length <= start; length++) {
      wholes.add(length);
    }
  }
  const lengths = Array.from({ length: whole.byteLength - 16 }, (_, beyond) => 16 + beyond);
  return lengths
    .filter((length) => !wholes.has(length))
    .map((length) => new DataView(whole.buffer, 0, length));
}
