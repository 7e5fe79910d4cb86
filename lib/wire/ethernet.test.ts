import fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex } from "#lib/bytes/testing/hex.ts";
import { type EthernetFrame, EtherType, formatEthernet, parseEthernet } from "./ethernet.ts";
import { macFromBytes } from "./mac.ts";

const FRAME: EthernetFrame = {
  destination: "ff:ff:ff:ff:ff:ff",
  source: "02:00:00:00:00:11",
  etherType: EtherType.arp,
  payload: Uint8Array.of(0xca, 0xfe),
};
const BYTES = fromHex("ffffffffffff" + "020000000011" + "0806" + "cafe");

const macs = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes);
const frames = fc.record({
  destination: macs,
  source: macs,
  etherType: fc.nat(0xffff),
  payload: fc.uint8Array({ maxLength: 64 }),
});

test("writes the header in the order of the wire", () => {
  expect(formatEthernet(FRAME)).toEqual(BYTES);
});

test("reads the same bytes back", () => {
  expect(parseEthernet(BYTES)).toEqual(FRAME);
});

test.for([
  { bytes: "", why: "destination needs 6 bytes at offset 0, 0 remain" },
  { bytes: "ffffffffffff02000000", why: "source needs 6 bytes at offset 6, 4 remain" },
  { bytes: "ffffffffffff02000000001108", why: "EtherType needs 2 bytes at offset 12, 1 remain" },
])("refuses the frame $bytes, because $why", ({ bytes, why }) => {
  expect(() => parseEthernet(fromHex(bytes))).toThrow(new MalformedError("Ethernet frame", why));
});

test("refuses every header that is cut short", () => {
  for (let length = 0; length < 14; length++) {
    expect(() => parseEthernet(BYTES.subarray(0, length))).toThrow(MalformedError);
  }
});

test("makes a frame of any bytes, or says what is wrong with them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      if (bytes.length < 14) {
        expect(() => parseEthernet(bytes)).toThrow(MalformedError);
      } else {
        expect(formatEthernet(parseEthernet(bytes))).toEqual(bytes);
      }
    }),
  );
});

test("reads every frame that it writes", () => {
  fc.assert(
    fc.property(frames, (frame) => {
      expect(parseEthernet(formatEthernet(frame))).toEqual(frame);
    }),
  );
});
