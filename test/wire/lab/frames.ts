/** Frames as tests send them and as they heard them; addresses are text, so that what was heard can be compared. */

import { formatIp, parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { type ArpPacket, formatArp, Operation, parseArp } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet, parseEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC, type Mac, ZERO_MAC } from "#lib/wire/mac.ts";
import {
  formatNdp,
  multicastMac,
  type NdpPacket,
  NdpType,
  parseNdp,
  solicitedNodeGroup,
} from "#lib/wire/ndp.ts";
import type { Host } from "./segment.ts";
import type { HeardFrame } from "./tap.ts";

/** When and how a frame was heard. */
interface Hearing extends Omit<HeardFrame, "bytes"> {
  /** Of the frame, which need not be what is said in it. */
  readonly destination: Mac;
  readonly source: Mac;
}

export interface HeardArp extends Hearing, Omit<ArpPacket, "senderIp" | "targetIp"> {
  readonly senderIp: string;
  readonly targetIp: string;
}

export interface HeardNdp extends Hearing {
  readonly type: (typeof NdpType)[keyof typeof NdpType];
  readonly from: string;
  readonly to: string;
  readonly target: string;
  /** What the option for it says. */
  readonly mac: Mac | undefined;
  /** `R`, `S` and `O`, those that are set. */
  readonly flags: string;
}

interface ArpFields {
  readonly ip: string;
  readonly from: Pick<Host, "ip" | "mac">;
  /** Of the frame; all hosts by default. */
  readonly destination?: Mac;
  /** Of the frame; the sender's by default. */
  readonly source?: Mac;
}

/** A question for the address. */
export function arpRequest({
  ip,
  from,
  destination = BROADCAST_MAC,
  source = from.mac,
}: ArpFields): Uint8Array {
  return formatEthernet({
    destination,
    source,
    etherType: EtherType.arp,
    payload: formatArp({
      operation: Operation.request,
      senderMac: from.mac,
      senderIp: parseIp(from.ip),
      targetMac: ZERO_MAC,
      targetIp: parseIp(ip),
    }),
  });
}

/** An announcement of the address, RFC 5227 §2.3, as whoever wants it for himself sends it. */
export function arpClaim(ip: string, mac: Mac): Uint8Array {
  return arpRequest({ ip, from: { ip, mac } });
}

interface SolicitationFields {
  readonly ip: string;
  readonly from: Pick<Host, "ip6" | "mac">;
  /** Of the packet; the address's group by default. */
  readonly to?: string;
  /** Of the frame; that of the packet's group by default. */
  readonly destination?: Mac;
  /** Whether the sender's MAC address is in it too; true by default. */
  readonly hasSourceMac?: boolean;
  readonly nonce?: Uint8Array;
}

/** A question for the address; one from `::` is a probe for duplicates. */
export function solicitation(fields: SolicitationFields): Uint8Array {
  const { ip, from, hasSourceMac = true, nonce } = fields;
  const target = parseIp(ip);
  const to = fields.to === undefined ? solicitedNodeGroup(target) : parseIp(fields.to);
  const destination = fields.destination ?? multicastMac(to);
  const sourceMac = hasSourceMac ? from.mac : undefined;
  const message = { type: NdpType.solicitation, target, sourceMac, nonce };
  return ndpFrame(destination, from.mac, {
    source: parseIp(from.ip6),
    destination: to,
    message,
  });
}

/** A question whether anybody has the address, RFC 4862 §5.4.2. */
export function duplicateProbe(ip: string, mac: Mac, nonce?: Uint8Array): Uint8Array {
  const from = { ip6: "::", mac };
  return solicitation({ ip, from, hasSourceMac: false, ...(nonce && { nonce }) });
}

/** An advertisement of the address to all nodes, as whoever wants it for himself sends it. */
export function ndpClaim(ip: string, mac: Mac, source: string): Uint8Array {
  const destination = parseIp("ff02::1");
  const flags = { isRouter: false, isSolicited: false, isOverride: true };
  const message = {
    type: NdpType.advertisement,
    target: parseIp(ip),
    targetMac: mac,
    ...flags,
  };
  return ndpFrame(multicastMac(destination), mac, {
    source: parseIp(source),
    destination,
    message,
  });
}

/** The same frame with other bytes at the offset. */
export function patched(frame: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(frame);
  copy.set(bytes, at);
  return copy;
}

/** The same frame with a VLAN tag, IEEE 802.1Q. */
export function tagged(frame: Uint8Array, vlan: number): Uint8Array {
  return Uint8Array.of(...frame.slice(0, 12), 0x81, 0, 0, vlan, ...frame.slice(12));
}

/** All ARP that is among the frames, and well-formed. */
export function arpAmong(frames: readonly HeardFrame[]): readonly HeardArp[] {
  return frames.flatMap((heard) => {
    const { hearing, packet } = payloadOf(heard, EtherType.arp, parseArp);
    return packet === undefined
      ? []
      : [
          {
            ...hearing,
            ...packet,
            senderIp: formatIp(packet.senderIp),
            targetIp: formatIp(packet.targetIp),
          },
        ];
  });
}

/** All Neighbor Solicitations and Advertisements that are among the frames, and keep all rules of RFC 4861 §7.1. */
export function ndpAmong(frames: readonly HeardFrame[]): readonly HeardNdp[] {
  return frames.flatMap((heard) => {
    const { hearing, packet } = payloadOf(heard, EtherType.ipv6, parseNdp);
    if (packet === undefined) {
      return [];
    }
    const { source, destination, message } = packet;
    const [mac, flags] =
      message.type === NdpType.solicitation
        ? [message.sourceMac, ""]
        : [message.targetMac, flagsOf(message)];
    return [
      {
        ...hearing,
        type: message.type,
        from: formatIp(source),
        to: formatIp(destination),
        target: formatIp(message.target),
        mac,
        flags,
      },
    ];
  });
}

function flagsOf(message: Extract<NdpPacket["message"], { isRouter: boolean }>): string {
  const { isRouter, isSolicited, isOverride } = message;
  return [isRouter && "R", isSolicited && "S", isOverride && "O"].filter(Boolean).join("");
}

function ndpFrame(destination: Mac, source: Mac, packet: NdpPacket): Uint8Array {
  const payload = formatNdp(packet);
  return formatEthernet({ destination, source, etherType: EtherType.ipv6, payload });
}

function payloadOf<T>(
  { bytes, atMs, direction }: HeardFrame,
  etherType: number,
  parse: (payload: Uint8Array) => T,
): { readonly hearing: Hearing; readonly packet: T | undefined } {
  const frame = parseEthernet(bytes);
  const hearing = { atMs, direction, destination: frame.destination, source: frame.source };
  if (frame.etherType !== etherType) {
    return { hearing, packet: undefined };
  }
  try {
    return { hearing, packet: parse(frame.payload) };
  } catch (error) {
    if (error instanceof MalformedError) {
      return { hearing, packet: undefined };
    }
    throw error;
  }
}
