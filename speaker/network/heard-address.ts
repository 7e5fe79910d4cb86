import { type Ip, parseIp } from "#lib/address/ip.ts";
import { type Mac, macToBytes } from "#lib/wire/mac.ts";

/** What a link does about an address. */
export const Stance = {
  /** It hears what concerns the address, and is silent: another node answers, or a foreign host. */
  listen: 0,
  /** It answers, so that nobody waits, without overriding what others say: nobody has objected yet. */
  tentative: 1,
  own: 2,
  /** Somebody wants to see the frames that ask for it; it is nothing to this node. */
  watch: 3,
  /** It answers with the MAC address of another node, whose speaker cannot. */
  voice: 4,
  /** It is the address of another node: what comes from it shows that the node's kernel lives. */
  peer: 5,
} as const;
export type Stance = (typeof Stance)[keyof typeof Stance];

/** A MAC address as 16 and 32 bits, as it is written into answers. */
export interface MacWords {
  readonly high: number;
  readonly low: number;
}

export function macWords(mac: Mac): MacWords {
  const view = new DataView(macToBytes(mac).buffer);
  return { high: view.getUint16(0), low: view.getUint32(2) };
}

/** An address of which one link hears. One object for as long as that is so; it is changed in place for each frame. */
export interface HeardAddress {
  /** No two have the same, 1 or more; an address that is heard of again has another one. */
  readonly number: number;
  /** Canonical text. */
  readonly ip: string;
  /** The same as a value. */
  readonly value: Ip;
  stance: Stance;
  /** Told in answers; undefined: that of the link. */
  voice: MacWords | undefined;
  /** Since it is answered. */
  wasAnswered: boolean;
  /** By the clock of the loop; -Infinity: never. */
  askedAt: number;
  /** Solicitations and requests for it while it was answered, and the answers to them. */
  requests: number;
  responses: number;
  /** Frames by which it was announced. */
  announcements: number;
}

let lastNumber = 0;

/** @throws {MalformedError} when the text is no address */
export function newHeardAddress(ip: string, stance: Stance): HeardAddress {
  lastNumber += 1;
  return {
    number: lastNumber,
    ip,
    value: parseIp(ip),
    stance,
    voice: undefined,
    wasAnswered: false,
    askedAt: Number.NEGATIVE_INFINITY,
    requests: 0,
    responses: 0,
    announcements: 0,
  };
}
