import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { formatIp, type Ip, parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { FRAME_STRIDE } from "#lib/linux/frame-batch.ts";
import { EtherType, formatEthernet, parseEthernet } from "#lib/wire/ethernet.ts";
import { isMulticast } from "#lib/wire/ipv6.ts";
import { BROADCAST_MAC, type Mac, macFromBytes } from "#lib/wire/mac.ts";
import {
  ALL_NODES,
  formatNdp,
  multicastMac,
  type NdpPacket,
  NdpType,
  type NeighborAdvertisement,
  type NeighborSolicitation,
  parseNdp,
  solicitedNodeGroup,
} from "#lib/wire/ndp.ts";
import { seal } from "#lib/wire/testing/seal.ts";
import { type HeardAddress, macWords, newHeardAddress, Stance } from "./heard-address.ts";
import { NA_FRAME_LENGTH, NdpAnswerer } from "./ndp-answerer.ts";
import { Verdict } from "./verdict.ts";

const OUR_MAC = "02:00:00:00:00:11";
const LINK_LOCAL = parseIp("fe80::ff:fe00:11");
const CLIENT_LOCAL = parseIp("fe80::ff:fe00:100");
const CLIENT_MAC = "02:00:00:00:01:00";
const CLIENT = parseIp("2001:db8::77");
const OWNED = parseIp("2001:db8::10");
const TENTATIVE = parseIp("2001:db8::12");
const LISTENED = parseIp("2001:db8::13");
const VOICED = parseIp("2001:db8::14");
const PEER = parseIp("2001:db8::15");
const OWNER_MAC = "02:00:00:00:00:12";
/** It has the low 32 bits of the owned one. */
const OTHER = parseIp("2001:db8:1::10");
const UNSPECIFIED = parseIp("::");
/** Each differs in one bit from the group in which the owned address is asked for. */
const NEAR_GROUPS = [
  "ff02::1:fe00:10",
  "ff02::3:ff00:10",
  "ff02:1::1:ff00:10",
  "ff03::1:ff00:10",
].map(parseIp);
const NONCE = fromHex("0123456789ab");
const ETHERNET_LENGTH = 14;

/** Frames lie somewhere in a batch, and so do answers. */
const START = FRAME_STRIDE;
const REPLY_START = 2 * FRAME_STRIDE;

let answerer: NdpAnswerer;
let owned: HeardAddress;

beforeEach(() => {
  answerer = new NdpAnswerer();
  answerer.setMac(OUR_MAC);
  answerer.setSource(LINK_LOCAL);
  owned = hear(OWNED, Stance.own);
});

function hear(ip: Ip, stance: Stance): HeardAddress {
  const address = newHeardAddress(formatIp(ip), stance);
  answerer.addresses.set(ip, address);
  return address;
}

/** Has the link answer for another node, with the MAC address of that. */
function lendVoice(ip: Ip): HeardAddress {
  const address = hear(ip, Stance.voice);
  address.voice = macWords(OWNER_MAC);
  return address;
}

/** @param length of the whole frame, when not all of it was kept */
function answer(
  frame: Uint8Array,
  length = frame.length,
): { verdict: Verdict; reply: Uint8Array; senderIp: string; senderMac: string } {
  const frames = new Uint8Array(4 * FRAME_STRIDE).fill(0xee);
  const replies = new Uint8Array(4 * FRAME_STRIDE).fill(0xdd);
  frames.set(frame.subarray(0, FRAME_STRIDE), START);
  const verdict = answerer.answer(
    new DataView(frames.buffer),
    START,
    length,
    new DataView(replies.buffer),
    REPLY_START,
  );
  const { senderIpAt, senderMacAt } = answerer;
  return {
    verdict,
    reply: replies.subarray(REPLY_START, REPLY_START + NA_FRAME_LENGTH),
    senderIp: toHex(frames.subarray(senderIpAt, senderIpAt + 16)),
    senderMac: macFromBytes(frames.subarray(senderMacAt, senderMacAt + 6)),
  };
}

const NOTHING_WRITTEN = "dd".repeat(NA_FRAME_LENGTH);

const SOLICITATION: NeighborSolicitation = {
  type: NdpType.solicitation,
  target: OWNED,
  sourceMac: CLIENT_MAC,
  nonce: undefined,
};
const PROBE: NeighborSolicitation = { ...SOLICITATION, sourceMac: undefined };
const ADVERTISEMENT: NeighborAdvertisement = {
  type: NdpType.advertisement,
  target: OWNED,
  targetMac: CLIENT_MAC,
  isRouter: false,
  isSolicited: false,
  isOverride: true,
};

interface Changes extends Partial<NdpPacket> {
  readonly destinationMac?: Mac;
  readonly sourceMac?: Mac;
}

function frameOf(changes: Changes = {}): Uint8Array {
  const { source = CLIENT, message = SOLICITATION, sourceMac = CLIENT_MAC } = changes;
  const { destination = solicitedNodeGroup(message.target) } = changes;
  const toGroup = isMulticast(destination) ? multicastMac(destination) : OUR_MAC;
  return formatEthernet({
    destination: changes.destinationMac ?? toGroup,
    source: sourceMac,
    etherType: EtherType.ipv6,
    payload: formatNdp({ source, destination, message }),
  });
}

/** The frame with other bytes in it, and with the length and checksum that belong to them. */
function changed(frame: Uint8Array, offset: number, value: string): Uint8Array {
  const bytes = Uint8Array.from(frame);
  bytes.set(fromHex(value), offset);
  return sealed(bytes);
}

function sealed(frame: Uint8Array): Uint8Array {
  const header = frame.subarray(0, ETHERNET_LENGTH);
  return Uint8Array.of(...header, ...seal(frame.subarray(ETHERNET_LENGTH)));
}

function withOptions(frame: Uint8Array, options: string): Uint8Array {
  return sealed(Uint8Array.of(...frame, ...fromHex(options)));
}

describe("a solicitation for an owned address", () => {
  test("is answered to the asker alone, so that it overrides what was known", () => {
    const { verdict, reply } = answer(frameOf());
    expect(verdict).toBe(Verdict.answer);
    expect(toHex(reply)).toBe(
      "020000000100" +
        "020000000011" +
        "86dd" +
        "6000000000203aff" +
        "20010db8000000000000000000000010" +
        "20010db8000000000000000000000077" +
        // as tcpdump says of the same packet
        "880089d0" +
        "60000000" +
        "20010db8000000000000000000000010" +
        "0201020000000011",
    );
  });

  test.for([
    { what: "to this link alone", frame: frameOf({ destination: OWNED }) },
    { what: "with padding", frame: Uint8Array.of(...frameOf(), ...new Uint8Array(7)) },
    { what: "with a nonce", frame: frameOf({ message: { ...SOLICITATION, nonce: NONCE } }) },
    { what: "with an unknown option", frame: withOptions(frameOf(), "1f01000000000000") },
    {
      what: "with two link-layer addresses, of which the first counts",
      frame: withOptions(frameOf(), "0101020000000909"),
    },
    { what: "to all nodes", frame: frameOf({ destination: ALL_NODES }) },
  ])("is answered when it comes $what", ({ frame }) => {
    const { verdict, reply } = answer(frame);
    expect(verdict).toBe(Verdict.answer);
    expect(parseEthernet(reply).destination).toBe(CLIENT_MAC);
  });

  test("is answered to the link-layer address that it names, whoever brought it", () => {
    const { reply, senderMac } = answer(frameOf({ sourceMac: "02:00:00:00:09:09" }));
    expect([parseEthernet(reply).destination, senderMac]).toEqual([CLIENT_MAC, CLIENT_MAC]);
  });

  test("is answered to where it came from when it names none", () => {
    const frame = frameOf({ message: PROBE, destination: OWNED, sourceMac: "02:00:00:00:09:09" });
    const { verdict, reply, senderMac } = answer(frame);
    expect(verdict).toBe(Verdict.answer);
    expect([parseEthernet(reply).destination, senderMac]).toEqual(
      Array(2).fill("02:00:00:00:09:09"),
    );
  });

  test("is answered to all nodes when it is a probe for duplicates", () => {
    const { verdict, reply } = answer(frameOf({ source: UNSPECIFIED, message: PROBE }));
    expect(verdict).toBe(Verdict.answer);
    const { destination, source, payload } = parseEthernet(reply);
    expect([destination, source]).toEqual(["33:33:00:00:00:01", OUR_MAC]);
    expect(parseNdp(payload)).toEqual({
      source: LINK_LOCAL,
      destination: ALL_NODES,
      message: { ...ADVERTISEMENT, targetMac: OUR_MAC },
    });
  });

  test("has the new MAC address in its answer as soon as the link has it", () => {
    answerer.setMac("02:00:00:00:00:22");
    const { source, payload } = parseEthernet(answer(frameOf()).reply);
    expect(source).toBe("02:00:00:00:00:22");
    expect(parseNdp(payload).message).toMatchObject({ targetMac: "02:00:00:00:00:22" });
  });

  test("is told of with its sender", () => {
    const { senderIp } = answer(frameOf());
    expect(senderIp).toBe("20010db8000000000000000000000077");
    expect(answerer.lastHeard).toBe(owned);
  });

  test.for([
    { from: "a link-local address", source: CLIENT_LOCAL, message: SOLICITATION, by: OWNED },
    { from: "any other", source: CLIENT, message: SOLICITATION, by: OWNED },
    { from: "no address yet", source: UNSPECIFIED, message: PROBE, by: LINK_LOCAL },
  ])("from $from is answered from the address that fits it", ({ source, message, by }) => {
    const { reply } = answer(frameOf({ source, message }));
    expect(parseNdp(parseEthernet(reply).payload).source).toEqual(by);
  });

  test("waits for no address of the link", () => {
    answerer.setSource(undefined);
    expect(answer(frameOf()).verdict).toBe(Verdict.answer);
    const { reply } = answer(frameOf({ source: UNSPECIFIED, message: PROBE }));
    expect(parseNdp(parseEthernet(reply).payload).source).toEqual(OWNED);
  });
});

test("answers for an address that is not announced yet, and overrides nobody", () => {
  hear(TENTATIVE, Stance.tentative);
  const { verdict, reply } = answer(frameOf({ message: { ...SOLICITATION, target: TENTATIVE } }));
  expect(verdict).toBe(Verdict.answer);
  expect(parseNdp(parseEthernet(reply).payload).message).toMatchObject({
    isSolicited: true,
    isOverride: false,
  });
});

describe("an address of another node, whose speaker cannot answer", () => {
  test("is answered from this link, with the MAC address of that node, and overrides nobody", () => {
    const voiced = lendVoice(VOICED);
    const { verdict, reply } = answer(frameOf({ message: { ...SOLICITATION, target: VOICED } }));
    expect([verdict, answerer.lastHeard]).toEqual([Verdict.answer, voiced]);
    const { source, payload } = parseEthernet(reply);
    expect(source).toBe(OUR_MAC);
    expect(parseNdp(payload).message).toEqual({
      ...ADVERTISEMENT,
      target: VOICED,
      targetMac: OWNER_MAC,
      isSolicited: true,
      isOverride: false,
    });
  });
});

describe("the address of a node to which this one listens", () => {
  test("is told of when a frame comes from it, and is the node's to answer for", () => {
    const peer = hear(PEER, Stance.peer);
    expect(answer(frameOf({ source: PEER })).verdict).toBe(Verdict.conflict);
    expect(answerer.lastHeard).toBe(peer);
    const { verdict } = answer(frameOf({ message: { ...SOLICITATION, target: PEER } }));
    expect([verdict, answerer.lastHeard]).toEqual([Verdict.notOurs, undefined]);
  });
});

describe("an address whose frames somebody only wants to see", () => {
  test("is told of and not answered", () => {
    const watched = hear(OTHER, Stance.watch);
    const { verdict } = answer(frameOf({ message: { ...SOLICITATION, target: OTHER } }));
    expect([verdict, answerer.lastHeard]).toEqual([Verdict.notOurs, watched]);
  });

  test("may be that of an asker, who is answered as before", () => {
    hear(CLIENT, Stance.watch);
    expect([answer(frameOf()).verdict, answerer.lastHeard]).toEqual([Verdict.answer, owned]);
  });
});

test("hears a solicitation for an address that is only listened for, and is silent", () => {
  const listened = hear(LISTENED, Stance.listen);
  const { verdict, reply } = answer(frameOf({ message: { ...SOLICITATION, target: LISTENED } }));
  expect([verdict, toHex(reply)]).toEqual([Verdict.heard, NOTHING_WRITTEN]);
  expect(answerer.lastHeard).toBe(listened);
});

describe("a claim to an owned address", () => {
  test.for([
    { what: "an advertisement", message: ADVERTISEMENT, mac: CLIENT_MAC },
    {
      what: "an advertisement without link-layer address",
      message: { ...ADVERTISEMENT, targetMac: undefined },
      mac: "02:00:00:00:09:09",
    },
    {
      what: "a solicitation from it",
      source: OWNED,
      message: { ...SOLICITATION, target: OTHER },
      mac: CLIENT_MAC,
    },
    { what: "a solicitation from it for itself", source: OWNED, mac: CLIENT_MAC },
  ])("shows in $what, which is not answered", ({ mac, what: _, ...changes }) => {
    const { verdict, reply, senderMac } = answer(
      frameOf({ sourceMac: "02:00:00:00:09:09", ...changes }),
    );
    expect([verdict, toHex(reply)]).toEqual([Verdict.conflict, NOTHING_WRITTEN]);
    expect(answerer.lastHeard).toBe(owned);
    expect(senderMac).toBe(mac);
  });

  test("is heard also by those who only listen", () => {
    owned.stance = Stance.listen;
    expect(answer(frameOf({ message: ADVERTISEMENT })).verdict).toBe(Verdict.conflict);
  });
});

/** Offsets in the frame. */
const AT = {
  version: 14,
  nextHeader: 20,
  hopLimit: 21,
  source: 22,
  code: 55,
  target: 62,
  option: 78,
};

test.for([
  { what: "is no IPv6", frame: changed(frameOf(), 12, "0806"), verdict: Verdict.notIcmpv6 },
  {
    what: "has another version",
    frame: changed(frameOf(), AT.version, "45"),
    verdict: Verdict.notIcmpv6,
  },
  {
    what: "has an extension header",
    frame: changed(frameOf(), AT.nextHeader, "00"),
    verdict: Verdict.notIcmpv6,
  },
  {
    what: "is a router advertisement",
    frame: changed(frameOf(), 54, "86"),
    verdict: Verdict.otherOperation,
  },
  {
    what: "came through a router",
    frame: changed(frameOf(), AT.hopLimit, "40"),
    verdict: Verdict.badHopLimit,
  },
  {
    what: "was altered on its way",
    frame: frameOf().with(85, 0x01),
    verdict: Verdict.badChecksum,
  },
  {
    what: "has a code",
    frame: changed(frameOf(), AT.code, "01"),
    verdict: Verdict.badSolicitation,
  },
  {
    what: "asks for a group",
    frame: changed(frameOf(), AT.target, "ff02"),
    verdict: Verdict.badSolicitation,
  },
  {
    what: "is a probe to all nodes",
    frame: frameOf({ source: UNSPECIFIED, message: PROBE, destination: ALL_NODES }),
    verdict: Verdict.badSolicitation,
  },
  ...NEAR_GROUPS.map((destination) => ({
    what: `is a probe to ${formatIp(destination)}`,
    frame: frameOf({ source: UNSPECIFIED, message: PROBE, destination }),
    verdict: Verdict.badSolicitation,
  })),
  {
    what: "is an advertisement to a group that was solicited",
    frame: frameOf({ message: { ...ADVERTISEMENT, isSolicited: true } }),
    verdict: Verdict.badSolicitation,
  },
  {
    what: "is a probe that names its sender",
    frame: frameOf({ source: UNSPECIFIED }),
    verdict: Verdict.badOption,
  },
  {
    what: "has an option of length 0",
    frame: changed(frameOf(), AT.option, "0100"),
    verdict: Verdict.badOption,
  },
  {
    what: "has an option beyond its end",
    frame: changed(frameOf(), AT.option, "1f02"),
    verdict: Verdict.badOption,
  },
  {
    what: "has half an option",
    frame: withOptions(frameOf(), "1f"),
    verdict: Verdict.badOption,
  },
  {
    what: "has a link-layer address of another length",
    frame: changed(withOptions(frameOf(), "00".repeat(8)), AT.option, "0102"),
    verdict: Verdict.badOption,
  },
  {
    what: "comes from a group",
    frame: changed(frameOf(), AT.source, "ff02"),
    verdict: Verdict.badSender,
  },
  {
    what: "comes from a group's MAC address",
    frame: frameOf({ sourceMac: "03:00:00:00:01:00" }),
    verdict: Verdict.badSender,
  },
  {
    what: "names a group's MAC address",
    frame: frameOf({ message: { ...SOLICITATION, sourceMac: BROADCAST_MAC } }),
    verdict: Verdict.badSender,
  },
  {
    what: "comes from this link",
    frame: frameOf({ sourceMac: OUR_MAC }),
    verdict: Verdict.badSender,
  },
  {
    what: "tells another's news of this link",
    frame: frameOf({ message: { ...ADVERTISEMENT, targetMac: OUR_MAC } }),
    verdict: Verdict.badSender,
  },
  {
    what: "is for another host",
    frame: frameOf({ destinationMac: CLIENT_MAC }),
    verdict: Verdict.toAnother,
  },
  {
    what: "is broadcast, which no IPv6 is",
    frame: frameOf({ destinationMac: BROADCAST_MAC }),
    verdict: Verdict.toAnother,
  },
  {
    what: "asks for another address",
    frame: frameOf({ message: { ...SOLICITATION, target: OTHER } }),
    verdict: Verdict.notOurs,
  },
  {
    what: "tells of another address",
    frame: frameOf({ message: { ...ADVERTISEMENT, target: OTHER } }),
    verdict: Verdict.notOurs,
  },
])("drops a frame that $what", ({ frame, verdict }) => {
  const { reply, ...decision } = answer(frame);
  expect(decision.verdict).toBe(verdict);
  expect(toHex(reply)).toBe(NOTHING_WRITTEN);
  expect(answerer.lastHeard).toBeUndefined();
});

describe("a probe of our own that the network sends back", () => {
  const frame = frameOf({ source: UNSPECIFIED, message: { ...PROBE, nonce: NONCE } });

  test("is known by its nonce", () => {
    answerer.setOwnNonce(NONCE);
    expect(answer(frame).verdict).toBe(Verdict.badSender);
  });

  test.for([
    { what: "another nonce", own: fromHex("0123456789ac") },
    { what: "no probe of our own", own: undefined },
  ])("is not confused with $what", ({ own }) => {
    answerer.setOwnNonce(NONCE);
    answerer.setOwnNonce(own);
    expect(answer(frame).verdict).toBe(Verdict.answer);
    expect(answer(frameOf({ source: UNSPECIFIED, message: PROBE })).verdict).toBe(Verdict.answer);
  });
});

test("drops a frame whose packet ends before the options begin", () => {
  const cut = sealed(frameOf().subarray(0, 70));
  expect(answer(Uint8Array.of(...cut, ...new Uint8Array(16))).verdict).toBe(Verdict.tooShort);
});

test("drops every frame that is cut short", () => {
  for (let length = 0; length < frameOf().length; length++) {
    expect(answer(frameOf().subarray(0, length)).verdict).toBe(Verdict.tooShort);
  }
});

test("drops a frame that is too long to have its checksum checked", () => {
  const options = (bytes: number) => "1f01000000000000".repeat(bytes / 8);
  const longest = withOptions(frameOf(), options(FRAME_STRIDE - 88));
  expect(answer(longest).verdict).toBe(Verdict.answer);
  expect(answer(withOptions(longest, options(8))).verdict).toBe(Verdict.tooLong);
});

test("forgets what the last frame was about", () => {
  answer(frameOf());
  answer(frameOf().subarray(0, 60));
  expect(answerer.lastHeard).toBeUndefined();
});

type Outcome = "answer" | "conflict" | "heard" | "drop";

/** The same decisions, made on values. */
function reference(frame: Uint8Array, linkLocal: Ip | undefined): Outcome | Uint8Array {
  try {
    const { destination, source: sourceMac, etherType, payload } = parseEthernet(frame);
    const packet = parseNdp(payload);
    const isGroup = destination.startsWith("33:33:");
    if (etherType !== EtherType.ipv6 || !(isGroup || destination === OUR_MAC)) {
      return "drop";
    }
    return isBadMac(sourceMac) ? "drop" : outcomeOf(packet, sourceMac, linkLocal);
  } catch (error) {
    if (error instanceof MalformedError) {
      return "drop";
    }
    throw error;
  }
}

function isBadMac(mac: Mac): boolean {
  return mac === OUR_MAC || Number.parseInt(mac.slice(0, 2), 16) % 2 === 1;
}

function outcomeOf(
  { source, message }: NdpPacket,
  brought: Mac,
  linkLocal: Ip | undefined,
): Outcome | Uint8Array {
  const isSolicitation = message.type === NdpType.solicitation;
  const isProbe = isSolicitation && source.value === 0n;
  const mac = (isSolicitation ? message.sourceMac : message.targetMac) ?? brought;
  const isOwnProbe =
    isProbe && message.nonce !== undefined && toHex(message.nonce) === toHex(NONCE);
  if (isBadMac(mac) || isOwnProbe) {
    return "drop";
  }
  if (stanceOf(isSolicitation ? source : message.target) !== undefined) {
    return "conflict";
  }
  const stance = stanceOf(message.target);
  if (stance === undefined || stance === Stance.peer) {
    return "drop";
  }
  if (stance === Stance.listen) {
    return "heard";
  }
  const from = (isProbe ? linkLocal : undefined) ?? message.target;
  return answerTo(
    { mac, ip: source, isProbe },
    { source: from, target: message.target, isOverride: stance === Stance.own },
  );
}

function stanceOf({ value }: Ip): Stance | undefined {
  const stances = [
    { ip: OWNED, stance: Stance.own },
    { ip: TENTATIVE, stance: Stance.tentative },
    { ip: LISTENED, stance: Stance.listen },
    { ip: VOICED, stance: Stance.voice },
    { ip: PEER, stance: Stance.peer },
  ];
  return stances.find(({ ip }) => ip.value === value)?.stance;
}

function answerTo(
  asker: { readonly mac: Mac; readonly ip: Ip; readonly isProbe: boolean },
  from: { readonly source: Ip; readonly target: Ip; readonly isOverride: boolean },
): Uint8Array {
  const { source, target, isOverride } = from;
  return formatEthernet({
    destination: asker.isProbe ? multicastMac(ALL_NODES) : asker.mac,
    source: OUR_MAC,
    etherType: EtherType.ipv6,
    payload: formatNdp({
      source,
      destination: asker.isProbe ? ALL_NODES : asker.ip,
      message: {
        type: NdpType.advertisement,
        target,
        targetMac: target.value === VOICED.value ? OWNER_MAC : OUR_MAC,
        isRouter: false,
        isSolicited: !asker.isProbe,
        isOverride,
      },
    }),
  });
}

const OUTCOMES: Readonly<Record<number, Outcome>> = {
  [Verdict.answer]: "answer",
  [Verdict.conflict]: "conflict",
  [Verdict.heard]: "heard",
};

/** All that one frame can lead to, when it was not too long to be kept. */
const REACHED = [
  Verdict.answer,
  Verdict.conflict,
  Verdict.heard,
  Verdict.tooShort,
  Verdict.notIcmpv6,
  Verdict.otherOperation,
  Verdict.toAnother,
  Verdict.badSender,
  Verdict.badHopLimit,
  Verdict.badChecksum,
  Verdict.badOption,
  Verdict.badSolicitation,
  Verdict.notOurs,
];

describe("on any bytes", () => {
  const macs = fc.oneof(
    { arbitrary: fc.constant(CLIENT_MAC), weight: 8 },
    fc.constantFrom(OUR_MAC, BROADCAST_MAC),
    fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes),
  );
  const toUs = [OUR_MAC, OUR_MAC, "33:33:00:00:00:01", "33:33:ff:00:00:10"];
  const perhaps = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
  const targets = fc.constantFrom(OWNED, TENTATIVE, LISTENED, VOICED, PEER, OTHER);
  const messages = fc.oneof(
    fc.record({
      type: fc.constant(NdpType.solicitation),
      target: targets,
      sourceMac: perhaps(macs),
      nonce: perhaps(fc.constantFrom(NONCE, fromHex("0123456789ac"), new Uint8Array(14))),
    }),
    fc.record({
      type: fc.constant(NdpType.advertisement),
      target: targets,
      targetMac: perhaps(macs),
      isRouter: fc.boolean(),
      isSolicited: fc.boolean(),
      isOverride: fc.boolean(),
    }),
  );
  const likely = fc
    .record(
      {
        destinationMac: fc.constantFrom(...toUs, CLIENT_MAC, BROADCAST_MAC),
        sourceMac: macs,
        source: fc.constantFrom(CLIENT, CLIENT_LOCAL, UNSPECIFIED, OWNED, PEER, LINK_LOCAL),
        destination: fc.constantFrom(OWNED, ALL_NODES, CLIENT, ...NEAR_GROUPS),
        message: messages,
      },
      { requiredKeys: ["message"] },
    )
    .map(frameOf);
  const options = fc
    .array(fc.tuple(fc.constantFrom(0, 1, 2, 14, 31), fc.nat(3), fc.constantFrom(0, 0, 0, 1, 8)), {
      maxLength: 3,
    })
    .chain((all) =>
      fc.tuple(
        ...all.map(([type, units, more]) => {
          const length = Math.max(0, units * 8 - 2 + more);
          return fc
            .uint8Array({ minLength: length, maxLength: length })
            .map((value) => [type, units, ...value]);
        }),
      ),
    )
    .map((all) => all.flat());
  const turned = fc
    .tuple(
      likely,
      options,
      fc.array(fc.tuple(fc.nat(86), fc.nat(255)), { maxLength: 2 }),
      fc.oneof({ arbitrary: fc.constant(undefined), weight: 6 }, fc.nat(100)),
      fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, fc.constant(false)),
      fc.constantFrom(0, 0, 0, 6, 40),
    )
    .map(([frame, more, changes, length, isSealed, padding]) => {
      const bytes = Uint8Array.of(...frame, ...more);
      for (const [at, value] of changes) {
        bytes[at] = value;
      }
      const cut = bytes.subarray(0, length);
      const whole = isSealed && cut.length > 60 ? sealed(cut) : cut;
      return Uint8Array.of(...whole, ...new Uint8Array(padding));
    });
  const frames = fc.oneof(
    { arbitrary: likely, weight: 4 },
    { arbitrary: turned, weight: 4 },
    fc.uint8Array({ maxLength: 120 }),
  );

  test("decides and answers as the codec would", () => {
    hear(TENTATIVE, Stance.tentative);
    hear(LISTENED, Stance.listen);
    lendVoice(VOICED);
    hear(PEER, Stance.peer);
    answerer.setOwnNonce(NONCE);
    const counts = new Map<Verdict, number>(REACHED.map((verdict) => [verdict, 0]));
    fc.assert(
      fc.property(
        frames,
        fc.constantFrom(LINK_LOCAL, LINK_LOCAL, undefined),
        (frame, linkLocal) => {
          answerer.setSource(linkLocal);
          const expected = reference(frame, linkLocal);
          const outcome = expected instanceof Uint8Array ? "answer" : expected;
          const { verdict, reply } = answer(frame);
          counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
          expect(OUTCOMES[verdict] ?? "drop").toBe(outcome);
          expect(toHex(reply)).toBe(
            expected instanceof Uint8Array ? toHex(expected) : NOTHING_WRITTEN,
          );
        },
      ),
      { numRuns: 20_000 },
    );
    expect(Math.min(...counts.values())).toBeGreaterThan(20);
  });
});
