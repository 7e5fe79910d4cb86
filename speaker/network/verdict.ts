/** What becomes of a frame. All but the first four are dropped, and the name is the reason that is counted. */
export const Verdict = {
  answer: 0,
  /** The first answer since the address is answered here. */
  firstAnswer: 1,
  /** It comes, so it says, from an address that is ours. */
  conflict: 2,
  /** It asks for an address that this node hears of and does not answer for. */
  heard: 3,
  tooShort: 4,
  /** Longer than what is kept of a frame, so that its checksum cannot be known. */
  tooLong: 5,
  notEthernetIpv4: 6,
  otherOperation: 7,
  /** Neither to a group that it belongs to nor to the link's own MAC address. */
  toAnother: 8,
  /** From a group address, or from this very link. */
  badSender: 9,
  notOurs: 10,
  /** No IPv6 packet that carries ICMPv6 and nothing else. */
  notIcmpv6: 11,
  /** Not 255: it came through a router, RFC 4861 §7.1. */
  badHopLimit: 12,
  badChecksum: 13,
  /** An option of length 0 or beyond the end, or one that RFC 4861 §7.1 forbids there. */
  badOption: 14,
  /** A multicast target, or a code, destination or flag that RFC 4861 §7.1 forbids. */
  badSolicitation: 15,
  /** More than one asker, or all of them, may have answered within a second. */
  tooMany: 16,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];
