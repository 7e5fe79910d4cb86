/** The header of an Ethernet II frame. A VLAN tag is not part of it: Linux hands it over beside the frame. */

import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { MAC_LENGTH, type Mac, macFromBytes, macToBytes } from "./mac.ts";

export const EtherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

const ETHERNET_HEADER_LENGTH = 14;

export interface EthernetFrame {
  readonly destination: Mac;
  readonly source: Mac;
  readonly etherType: number;
  /** With the padding, if there is any: Ethernet does not tell where it begins. */
  readonly payload: Uint8Array;
}

/** @throws {MalformedError} when the header is cut short */
export function parseEthernet(frame: Uint8Array): EthernetFrame {
  const reader = new ByteReader("Ethernet frame", frame);
  return {
    destination: macFromBytes(reader.bytes(MAC_LENGTH, "destination")),
    source: macFromBytes(reader.bytes(MAC_LENGTH, "source")),
    etherType: reader.u16("EtherType"),
    payload: reader.bytes(reader.remaining, "payload"),
  };
}

/** Leaves padding to 60 bytes to the driver, as every sender of short frames does on Linux. */
export function formatEthernet(frame: EthernetFrame): Uint8Array {
  return new ByteWriter(ETHERNET_HEADER_LENGTH + frame.payload.length)
    .bytes(macToBytes(frame.destination))
    .bytes(macToBytes(frame.source))
    .u16(frame.etherType)
    .bytes(frame.payload)
    .written();
}
