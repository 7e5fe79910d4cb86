/** What becomes of a frame. All but the first two are dropped, and the name is the reason that is counted. */
export const Verdict = {
  answer: 0,
  /** It comes, so it says, from an address that is ours. */
  conflict: 1,
  /** It asks for an address that this node hears of and does not answer for. */
  heard: 2,
  tooShort: 3,
  /** Longer than what is kept of a frame, so that its checksum cannot be known. */
  tooLong: 4,
  notEthernetIpv4: 5,
  otherOperation: 6,
  /** Neither to a group that it belongs to nor to the link's own MAC address. */
  toAnother: 7,
  /** From a group address, or from this very link. */
  badSender: 8,
  notOurs: 9,
  /** No IPv6 packet that carries ICMPv6 and nothing else. */
  notIcmpv6: 10,
  /** Not 255: it came through a router, RFC 4861 §7.1. */
  badHopLimit: 11,
  badChecksum: 12,
  /** An option of length 0 or beyond the end, or one that RFC 4861 §7.1 forbids there. */
  badOption: 13,
  /** A multicast target, or a code, destination or flag that RFC 4861 §7.1 forbids. */
  badSolicitation: 14,
  /** An answer over the rate of one client, or of the link. */
  tooMany: 15,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];
