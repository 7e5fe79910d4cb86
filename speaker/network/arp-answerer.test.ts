import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { formatIp, type Ip, parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { formatArp, Operation, parseArp } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet, parseEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC, macFromBytes } from "#lib/wire/mac.ts";
import { ARP_FRAME_LENGTH, ArpAnswerer } from "./arp-answerer.ts";
import { type HeardAddress, macWords, newHeardAddress, Stance } from "./heard-address.ts";
import { Verdict } from "./verdict.ts";

const OUR_MAC = "02:00:00:00:00:11";
const CLIENT_MAC = "02:00:00:00:01:00";
const CLIENT_IP = parseIp("192.0.2.77");
const OWNED = parseIp("192.0.2.10");
const OTHER = parseIp("192.0.2.11");
const VOICED = parseIp("192.0.2.12");
const PEER = parseIp("192.0.2.13");
const OWNER_MAC = "02:00:00:00:00:12";

/** Frames lie somewhere in a batch, and so do answers. */
const START = 128;
const REPLY_START = 256;

let answerer: ArpAnswerer;
let owned: HeardAddress;

beforeEach(() => {
  answerer = new ArpAnswerer();
  answerer.setMac(OUR_MAC);
  owned = hear(OWNED, Stance.own);
});

function hear(ip: Ip, stance: Stance): HeardAddress {
  const address = newHeardAddress(formatIp(ip), stance);
  answerer.addresses.set(Number(ip.value) | 0, address);
  return address;
}

/** Has the link answer for another node, with the MAC address of that. */
function lendVoice(ip: Ip): HeardAddress {
  const address = hear(ip, Stance.voice);
  address.voice = macWords(OWNER_MAC);
  return address;
}

function answer(frame: Uint8Array): { verdict: Verdict; reply: Uint8Array } {
  const frames = new Uint8Array(1_024).fill(0xee);
  const replies = new Uint8Array(1_024);
  frames.set(frame, START);
  const verdict = answerer.answer(
    new DataView(frames.buffer),
    START,
    frame.length,
    new DataView(replies.buffer),
    REPLY_START,
  );
  return { verdict, reply: replies.subarray(REPLY_START, REPLY_START + ARP_FRAME_LENGTH) };
}

const ARP_REQUEST = {
  operation: Operation.request as Operation,
  senderMac: CLIENT_MAC,
  senderIp: CLIENT_IP,
  targetMac: "00:00:00:00:00:00",
  targetIp: OWNED,
};

interface Changes {
  readonly destination?: string;
  readonly arp?: Partial<typeof ARP_REQUEST>;
}

function frameOf({ destination = BROADCAST_MAC, arp = {} }: Changes = {}): Uint8Array {
  return formatEthernet({
    destination,
    source: CLIENT_MAC,
    etherType: EtherType.arp,
    payload: formatArp({ ...ARP_REQUEST, ...arp }),
  });
}

describe("a request for an owned address", () => {
  test("is answered to the asker alone, with the link's MAC address", () => {
    const { verdict, reply } = answer(frameOf());
    expect(verdict).toBe(Verdict.answer);
    expect(toHex(reply)).toBe(
      "020000000100" +
        "020000000011" +
        "0806" +
        "0001080006040002" +
        "020000000011c000020a" +
        "020000000100c000024d",
    );
  });

  test.for([
    { what: "sent to this link alone", frame: frameOf({ destination: OUR_MAC }) },
    { what: "with padding", frame: Uint8Array.of(...frameOf(), ...new Uint8Array(18)) },
    { what: "that is a probe", frame: frameOf({ arp: { senderIp: parseIp("0.0.0.0") } }) },
  ])("$what is answered", ({ frame }) => {
    expect(answer(frame).verdict).toBe(Verdict.answer);
  });

  test("has the new MAC address in its answer as soon as the link has it", () => {
    answerer.setMac("02:00:00:00:00:22");
    expect(parseEthernet(answer(frameOf()).reply).source).toBe("02:00:00:00:00:22");
  });

  test("is answered before the address is announced too", () => {
    owned.stance = Stance.tentative;
    expect(answer(frameOf()).verdict).toBe(Verdict.answer);
  });

  test("is told of with its sender, so that it can be remembered", () => {
    const frame = frameOf();
    answer(frame);
    const { lastHeard, senderIpAt, senderMacAt } = answerer;
    expect(lastHeard).toBe(owned);
    expect(toHex(frame.subarray(senderIpAt - START, senderIpAt - START + 4))).toBe("c000024d");
    expect(toHex(frame.subarray(senderMacAt - START, senderMacAt - START + 6))).toBe(
      "020000000100",
    );
  });
});

describe("an address of another node, whose speaker cannot answer", () => {
  test("is answered from this link, with the MAC address of that node", () => {
    const voiced = lendVoice(VOICED);
    const { verdict, reply } = answer(frameOf({ arp: { targetIp: VOICED } }));
    expect(verdict).toBe(Verdict.answer);
    expect(answerer.lastHeard).toBe(voiced);
    const { destination, source, payload } = parseEthernet(reply);
    expect([destination, source]).toEqual([CLIENT_MAC, OUR_MAC]);
    expect(parseArp(payload)).toEqual({
      operation: Operation.reply,
      senderMac: OWNER_MAC,
      senderIp: VOICED,
      targetMac: CLIENT_MAC,
      targetIp: CLIENT_IP,
    });
  });

  test("is told of when a frame comes from it", () => {
    lendVoice(VOICED);
    const frame = frameOf({ arp: { senderIp: VOICED, senderMac: OWNER_MAC } });
    expect(answer(frame).verdict).toBe(Verdict.conflict);
  });
});

describe("the address of a node to which this one listens", () => {
  test.for([
    { what: "request", operation: Operation.request },
    { what: "reply", operation: Operation.reply },
  ])("is told of when a $what comes from it", ({ operation }) => {
    const peer = hear(PEER, Stance.peer);
    expect(answer(frameOf({ arp: { operation, senderIp: PEER } })).verdict).toBe(Verdict.conflict);
    expect(answerer.lastHeard).toBe(peer);
  });

  test("is the node's to answer for", () => {
    hear(PEER, Stance.peer);
    expect(answer(frameOf({ arp: { targetIp: PEER } })).verdict).toBe(Verdict.notOurs);
    expect(answerer.lastHeard).toBeUndefined();
  });
});

describe("an address whose frames somebody only wants to see", () => {
  test("is told of and not answered", () => {
    const watched = hear(OTHER, Stance.watch);
    expect(answer(frameOf({ arp: { targetIp: OTHER } })).verdict).toBe(Verdict.notOurs);
    expect(answerer.lastHeard).toBe(watched);
  });

  test("may be that of an asker, who is answered as before", () => {
    hear(CLIENT_IP, Stance.watch);
    expect(answer(frameOf()).verdict).toBe(Verdict.answer);
    expect(answerer.lastHeard).toBe(owned);
  });
});

test("hears a request for an address that is only listened for, and is silent", () => {
  const heard = hear(OTHER, Stance.listen);
  const { verdict, reply } = answer(frameOf({ arp: { targetIp: OTHER } }));
  expect(verdict).toBe(Verdict.heard);
  expect(toHex(reply)).toBe("00".repeat(ARP_FRAME_LENGTH));
  expect(answerer.lastHeard).toBe(heard);
});

test.for([
  { what: "another address is asked for", arp: { targetIp: OTHER }, verdict: Verdict.notOurs },
  { what: "it is a reply", arp: { operation: Operation.reply }, verdict: Verdict.notOurs },
  {
    what: "it comes from a group address",
    arp: { senderMac: "03:00:00:00:01:00" },
    verdict: Verdict.badSender,
  },
  { what: "it comes from this link", arp: { senderMac: OUR_MAC }, verdict: Verdict.badSender },
  { what: "it is for another host", destination: CLIENT_MAC, verdict: Verdict.toAnother },
  {
    what: "it is for a group",
    destination: "33:33:00:00:00:01",
    verdict: Verdict.toAnother,
  },
])("drops a frame when $what", ({ verdict, ...changes }) => {
  expect(answer(frameOf(changes)).verdict).toBe(verdict);
});

test.for([
  { offset: 12, value: "0800", verdict: Verdict.notEthernetIpv4 },
  { offset: 14, value: "0002", verdict: Verdict.notEthernetIpv4 },
  { offset: 16, value: "86dd", verdict: Verdict.notEthernetIpv4 },
  { offset: 18, value: "08", verdict: Verdict.notEthernetIpv4 },
  { offset: 19, value: "10", verdict: Verdict.notEthernetIpv4 },
  { offset: 20, value: "0003", verdict: Verdict.otherOperation },
])("drops a frame with $value at offset $offset", ({ offset, value, verdict }) => {
  const frame = frameOf();
  frame.set(fromHex(value), offset);
  expect(answer(frame).verdict).toBe(verdict);
});

test("drops every frame that is cut short", () => {
  for (let length = 0; length < ARP_FRAME_LENGTH; length++) {
    expect(answer(frameOf().subarray(0, length)).verdict).toBe(Verdict.tooShort);
  }
});

test.for([
  { what: "request", operation: Operation.request },
  { what: "reply", operation: Operation.reply },
])("tells of a $what that comes from an owned address, and does not answer it", ({ operation }) => {
  const frame = frameOf({ arp: { operation, senderIp: OWNED } });
  const { verdict, reply } = answer(frame);
  expect(verdict).toBe(Verdict.conflict);
  expect(toHex(reply)).toBe("00".repeat(ARP_FRAME_LENGTH));
});

/** What is answered with which MAC address. */
const TOLD_MACS = [
  { ip: OWNED, mac: OUR_MAC },
  { ip: VOICED, mac: OWNER_MAC },
];

/** The same decisions, made on values. */
function reference(frame: Uint8Array): Uint8Array | "claim" | "drop" {
  try {
    const { destination, etherType, payload } = parseEthernet(frame);
    const { operation, senderMac, senderIp, targetIp } = parseArp(payload);
    const isGroup = Number.parseInt(senderMac.slice(0, 2), 16) % 2 === 1;
    if (
      etherType !== EtherType.arp ||
      ![BROADCAST_MAC, OUR_MAC].includes(destination) ||
      isGroup ||
      senderMac === OUR_MAC
    ) {
      return "drop";
    }
    if ([OWNED, VOICED, PEER].some(({ value }) => value === senderIp.value)) {
      return "claim";
    }
    const told = TOLD_MACS.find(({ ip }) => ip.value === targetIp.value)?.mac;
    if (operation !== Operation.request || told === undefined) {
      return "drop";
    }
    return formatEthernet({
      destination: senderMac,
      source: OUR_MAC,
      etherType: EtherType.arp,
      payload: formatArp({
        operation: Operation.reply,
        senderMac: told,
        senderIp: targetIp,
        targetMac: senderMac,
        targetIp: senderIp,
      }),
    });
  } catch (error) {
    if (error instanceof MalformedError) {
      return "drop";
    }
    throw error;
  }
}

test("decides and answers as the codec would, on any bytes", () => {
  lendVoice(VOICED);
  hear(PEER, Stance.peer);
  const mac = fc.oneof(
    fc.constantFrom(BROADCAST_MAC, OUR_MAC, CLIENT_MAC),
    fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes),
  );
  const ip = fc.constantFrom(OWNED, VOICED, PEER, OTHER, CLIENT_IP, parseIp("0.0.0.0"));
  const likely = fc
    .record({
      destination: mac,
      arp: fc.record({
        operation: fc.constantFrom<Operation>(Operation.request, Operation.reply),
        senderMac: mac,
        senderIp: ip,
        targetMac: mac,
        targetIp: ip,
      }),
    })
    .map(frameOf);
  const turned = fc
    .tuple(likely, fc.array(fc.tuple(fc.nat(41), fc.nat(255)), { maxLength: 2 }), fc.nat(60))
    .map(([frame, changes, length]) => {
      const bytes = new Uint8Array(60);
      bytes.set(frame);
      for (const [at, value] of changes) {
        bytes[at] = value;
      }
      return bytes.subarray(0, length);
    });
  const counts = { answer: 0, claim: 0, drop: 0 };
  fc.assert(
    fc.property(fc.oneof(likely, turned, fc.uint8Array({ maxLength: 64 })), (frame) => {
      const expected = reference(frame);
      const { verdict, reply } = answer(frame);
      if (expected instanceof Uint8Array) {
        counts.answer += 1;
        expect(verdict).toBe(Verdict.answer);
        expect(toHex(reply)).toBe(toHex(expected));
      } else {
        counts[expected] += 1;
        expect(verdict === Verdict.conflict ? "claim" : "drop").toBe(expected);
        expect(verdict).not.toBe(Verdict.answer);
      }
    }),
    { numRuns: 20_000 },
  );
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(20);
});
