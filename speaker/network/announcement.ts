import { type ArpPacket, formatArp, Operation } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC, type Mac, ZERO_MAC } from "#lib/wire/mac.ts";

/** Frames of one announcement. */
export const FRAMES_PER_ANNOUNCEMENT = 2;

/**
 * Makes the broadcast frames that tell a network where an address now is: the request of RFC 5227 §2.3, and a reply
 * whose target hardware address is the sender's. Linux ignores the first, and every other form of the second, while its
 * entry for the address is younger than a second (`locktime`).
 *
 * @param address IPv4 as an unsigned integer
 */
export function announcementFrames(address: number, mac: Mac): readonly Uint8Array[] {
  const ip = { family: "IPv4", value: BigInt(address) } as const;
  const asRequest: ArpPacket = {
    operation: Operation.request,
    senderMac: mac,
    senderIp: ip,
    targetMac: ZERO_MAC,
    targetIp: ip,
  };
  const asReply: ArpPacket = { ...asRequest, operation: Operation.reply, targetMac: mac };
  return [asRequest, asReply].map((packet) =>
    formatEthernet({
      destination: BROADCAST_MAC,
      source: mac,
      etherType: EtherType.arp,
      payload: formatArp(packet),
    }),
  );
}
