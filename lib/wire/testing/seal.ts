import { icmpv6Checksum } from "#lib/wire/checksum.ts";

const HEADER_LENGTH = 40;
const PAYLOAD_LENGTH_OFFSET = 4;
const CHECKSUM_OFFSET = HEADER_LENGTH + 2;

/** Gives an IPv6 packet the length and the ICMPv6 checksum that belong to its bytes, whatever else is wrong with them. */
export function seal(packet: Uint8Array): Uint8Array {
  const sealed = Uint8Array.from(packet);
  const view = new DataView(sealed.buffer);
  view.setUint16(PAYLOAD_LENGTH_OFFSET, sealed.length - HEADER_LENGTH);
  if (sealed.length >= CHECKSUM_OFFSET + 2) {
    view.setUint16(CHECKSUM_OFFSET, 0);
    const address = (offset: number) =>
      ({
        family: "IPv6",
        value: (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8),
      }) as const;
    const checksum = icmpv6Checksum(address(8), address(24), sealed.subarray(HEADER_LENGTH));
    view.setUint16(CHECKSUM_OFFSET, checksum);
  }
  return sealed;
}
