/** Filters that pass the ARP or NDP that concerns certain addresses, and the least of everything else. */

import { Operation } from "#lib/wire/arp.ts";
import { EtherType } from "#lib/wire/ethernet.ts";
import { NdpType } from "#lib/wire/ndp.ts";
import { coverOf, type Interval } from "./address-cover.ts";
import { BackwardProgram, Code, type Instruction, type Place } from "./bpf.ts";

/** So many intervals fit into a program, whatever they are. */
export const MAX_INTERVALS = 1_000;

/** Where the kernel's opinion of a frame stands, beside its bytes: `SKF_AD_OFF + SKF_AD_PKTTYPE`. */
export const PACKET_TYPE_OFFSET = 0xffff_f004;

/**
 * The packet type of frames that are not for this link: those for another MAC address, and those with a tag of a VLAN
 * that has no link here, of which the kernel has by now taken the tag away without a trace.
 */
const PACKET_OTHERHOST = 3;

const ETHER_TYPE_OFFSET = 12;
/** Offsets in an Ethernet frame that carries ARP. */
const ARP = { operation: 20, senderIp: 28, targetIp: 38 };
/** Offsets in an Ethernet frame that carries ICMPv6 and no extension header; of an address, of its last 32 bits. */
const NDP = { nextHeader: 20, source: 34, type: 54, target: 74 };
const ICMPV6 = 58;

const WHOLE_FRAME = 0x4_0000;
const MAX_VALUE = 0xffff_ffff;

/** The ends of a program. */
interface Ends {
  readonly pass: Place;
  readonly drop: Place;
}

/**
 * Makes the filter that passes ARP requests for the addresses, and ARP of either operation that claims to come from
 * one of them, which is how a conflict shows.
 *
 * @param addresses IPv4 as unsigned integers
 * @param maxIntervals at most `MAX_INTERVALS`; where more would be needed, other addresses pass too, see `coverOf`
 */
export function arpFilter(
  addresses: Iterable<number>,
  maxIntervals: number,
): readonly Instruction[] {
  return arpProgram(coverOf(addresses, maxIntervals));
}

/** Makes the filter that passes every ARP request and reply, whatever its addresses. */
export function arpFilterForAny(): readonly Instruction[] {
  return arpProgram("any");
}

/**
 * Makes the filter that passes Neighbor Solicitations and Advertisements for the addresses, and solicitations that claim
 * to come from one of them. The socket sees all IPv6 of the node: what is not ICMPv6 is dropped by the third instruction.
 *
 * @param lowWords the last 32 bits of each address, as unsigned integers
 * @param maxIntervals at most `MAX_INTERVALS`; where more would be needed, other addresses pass too, see `coverOf`
 */
export function ndpFilter(
  lowWords: Iterable<number>,
  maxIntervals: number,
): readonly Instruction[] {
  return ndpProgram(coverOf(lowWords, maxIntervals));
}

/** Makes the filter that passes every Neighbor Solicitation and Advertisement, whatever its addresses. */
export function ndpFilterForAny(): readonly Instruction[] {
  return ndpProgram("any");
}

function arpProgram(cover: readonly Interval[] | "any"): readonly Instruction[] {
  const program = new BackwardProgram();
  const ends = endsOf(program);
  const claimed = ifCovered(program, ARP.senderIp, cover, ends.pass, ends.drop);
  const asked = ifCovered(program, ARP.targetIp, cover, ends.pass, claimed);
  const reply = program.branch(Code.jumpEqual, Operation.reply, claimed, ends.drop);
  program.branch(Code.jumpEqual, Operation.request, asked, reply);
  const operation = program.put(Code.loadHalf, ARP.operation);
  ifForThisLink(program, EtherType.arp, operation, ends.drop);
  return program.instructions();
}

function ndpProgram(cover: readonly Interval[] | "any"): readonly Instruction[] {
  const program = new BackwardProgram();
  const { pass, drop } = endsOf(program);
  const claimed = ifCovered(program, NDP.source, cover, pass, drop);
  program.branch(Code.jumpEqual, NdpType.solicitation, claimed, drop);
  const notAsked = program.put(Code.loadByte, NDP.type);
  const asked = ifCovered(program, NDP.target, cover, pass, notAsked);
  const link = ifForThisLink(program, EtherType.ipv6, asked, drop);
  const advertised = program.branch(Code.jumpEqual, NdpType.advertisement, link, drop);
  program.branch(Code.jumpEqual, NdpType.solicitation, link, advertised);
  const type = program.put(Code.loadByte, NDP.type);
  program.branch(Code.jumpEqual, ICMPV6, type, drop);
  program.put(Code.loadByte, NDP.nextHeader);
  return program.instructions();
}

function endsOf(program: BackwardProgram): Ends {
  return { drop: program.put(Code.finish, 0), pass: program.put(Code.finish, WHOLE_FRAME) };
}

/** Puts the check that the frame has the EtherType and came for this link. */
function ifForThisLink(program: BackwardProgram, etherType: number, yes: Place, no: Place): Place {
  program.branch(Code.jumpEqual, etherType, yes, no);
  const ofType = program.put(Code.loadHalf, ETHER_TYPE_OFFSET);
  program.branch(Code.jumpEqual, PACKET_OTHERHOST, no, ofType);
  return program.put(Code.loadWord, PACKET_TYPE_OFFSET);
}

/**
 * Puts a search for the 32 bits at the offset. They are counted from the first interval on: small numbers take the
 * kernel, whose own are signed, less room, and what lies below becomes more than any of the cover.
 */
function ifCovered(
  program: BackwardProgram,
  offset: number,
  cover: readonly Interval[] | "any",
  yes: Place,
  no: Place,
): Place {
  if (cover === "any") {
    return yes;
  }
  const [lowest] = cover;
  if (lowest === undefined) {
    return no;
  }
  const base = lowest.first;
  const bounds = cover
    .flatMap(({ first, last }) => [first - base, last + 1 - base])
    .filter((bound) => bound > 0 && bound <= MAX_VALUE);
  if (bounds.length === 0) {
    return yes;
  }
  search(program, bounds, yes, no);
  program.put(Code.subtract, base);
  return program.put(Code.loadWord, offset);
}

/**
 * Puts a binary search among the bounds: at each of them the cover begins or ends, so that a value is covered or not
 * by the number of bounds at or below it.
 *
 * @param bounds ascending
 * @param below where to go with a value below the first bound
 * @param above where to go with one between the first and the second, and so on by turns
 */
function search(
  program: BackwardProgram,
  bounds: readonly number[],
  below: Place,
  above: Place,
): Place {
  const middle = bounds.length >> 1;
  const bound = bounds[middle];
  if (bound === undefined) {
    return below;
  }
  const rest = bounds.slice(middle + 1);
  const notUnder =
    middle % 2 === 0 ? search(program, rest, above, below) : search(program, rest, below, above);
  const under = search(program, bounds.slice(0, middle), below, above);
  return program.branch(Code.jumpAtLeast, bound, notUnder, under);
}
