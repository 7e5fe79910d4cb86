import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { type ArpPacket, formatArp, Operation, parseArp } from "./arp.ts";
import { macFromBytes } from "./mac.ts";

const REQUEST: ArpPacket = {
  operation: Operation.request,
  senderMac: "02:00:00:00:01:00",
  senderIp: parseIp("192.0.2.77"),
  targetMac: "00:00:00:00:00:00",
  targetIp: parseIp("192.0.2.10"),
};
const REQUEST_HEX = "0001080006040001" + "020000000100c000024d" + "000000000000c000020a";

const REPLY: ArpPacket = {
  operation: Operation.reply,
  senderMac: "02:00:00:00:00:11",
  senderIp: parseIp("192.0.2.10"),
  targetMac: "02:00:00:00:01:00",
  targetIp: parseIp("192.0.2.77"),
};
const REPLY_HEX = "0001080006040002" + "020000000011c000020a" + "020000000100c000024d";

const macs = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes);
const ips = fc
  .nat(0xffff_ffff)
  .map((value) => ({ family: "IPv4" as const, value: BigInt(value >>> 0) }));
const packets = fc.record({
  operation: fc.constantFrom(...Object.values(Operation)),
  senderMac: macs,
  senderIp: ips,
  targetMac: macs,
  targetIp: ips,
});

const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";

/** The first two as RFC 826 lays them out; the others captured by tcpdump from Linux 6.18 and from arping of iputils. */
const GOLDEN = [
  { name: "request", packet: REQUEST, hex: REQUEST_HEX },
  { name: "reply", packet: REPLY, hex: REPLY_HEX },
  {
    name: "request of Linux",
    packet: REQUEST,
    hex: "0001080006040001020000000100c000024d000000000000c000020a",
  },
  {
    name: "reply of Linux",
    packet: REPLY,
    hex: "0001080006040002020000000011c000020a020000000100c000024d",
  },
  {
    name: "request of arping",
    packet: { ...REQUEST, targetMac: BROADCAST_MAC },
    hex: "0001080006040001020000000100c000024dffffffffffffc000020a",
  },
  {
    name: "probe of arping -D",
    packet: {
      ...REQUEST,
      senderIp: parseIp("0.0.0.0"),
      targetMac: BROADCAST_MAC,
      targetIp: parseIp("192.0.2.99"),
    },
    hex: "000108000604000102000000010000000000ffffffffffffc0000263",
  },
  {
    name: "announcement of arping -A",
    packet: { ...REPLY, targetMac: REPLY.senderMac, targetIp: REPLY.senderIp },
    hex: "0001080006040002020000000011c000020a020000000011c000020a",
  },
  {
    name: "announcement of arping -U",
    packet: {
      ...REPLY,
      operation: Operation.request,
      targetMac: BROADCAST_MAC,
      targetIp: REPLY.senderIp,
    },
    hex: "0001080006040001020000000011c000020affffffffffffc000020a",
  },
];

test.for(GOLDEN)("writes a $name byte by byte", ({ packet, hex }) => {
  expect(toHex(formatArp(packet))).toBe(hex);
});

test.for(GOLDEN)("reads the same $name", ({ packet, hex }) => {
  expect(parseArp(fromHex(hex))).toEqual(packet);
});

test("reads a packet with the padding of a short Ethernet frame", () => {
  expect(parseArp(fromHex(`${REQUEST_HEX}${"00".repeat(18)}`))).toEqual(REQUEST);
});

test("reads hardware type IEEE 802, as Linux does", () => {
  expect(parseArp(fromHex(`0006${REQUEST_HEX.slice(4)}`))).toEqual(REQUEST);
});

test.for([
  { offset: 0, value: "0002", why: "hardware type is 2, not 1 or 6" },
  { offset: 2, value: "86dd", why: "protocol type is 34525, not 2048" },
  { offset: 4, value: "08", why: "hardware length is 8, not 6" },
  { offset: 5, value: "10", why: "protocol length is 16, not 4" },
  { offset: 6, value: "0003", why: "operation is 3, not 1 or 2" },
  { offset: 6, value: "0000", why: "operation is 0, not 1 or 2" },
])("refuses $value at offset $offset, because the $why", ({ offset, value, why }) => {
  const bytes = fromHex(REQUEST_HEX);
  bytes.set(fromHex(value), offset);
  expect(() => parseArp(bytes)).toThrow(new MalformedError("ARP packet", why));
});

test("refuses every packet that is cut short", () => {
  for (let length = 0; length < 28; length++) {
    expect(() => parseArp(fromHex(REQUEST_HEX).subarray(0, length))).toThrow(MalformedError);
  }
});

test("makes a packet of any bytes, or says what is wrong with them", () => {
  const header = fc.constantFrom("", "00010800060400", "0006080006040002");
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 64 }), (start, rest) => {
      const bytes = Uint8Array.of(...fromHex(start), ...rest);
      try {
        const packet = parseArp(bytes);
        expect(parseArp(formatArp(packet))).toEqual(packet);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
  );
});

test("reads every packet that it writes", () => {
  fc.assert(
    fc.property(packets, (packet) => {
      expect(parseArp(formatArp(packet))).toEqual(packet);
    }),
  );
});
