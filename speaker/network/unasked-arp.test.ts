import { describe, expect, test } from "vitest";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { macToBytes } from "#lib/wire/mac.ts";
import type { NextFrame } from "./outgoing.ts";
import {
  FRAMES_PER_ANNOUNCEMENT,
  writeAnnouncement,
  writeNotice,
  writeProbe,
} from "./unasked-arp.ts";

const MAC = macToBytes("02:00:00:00:00:11");
const VIP = 0xc000_020a | 0;

const FROM_US = `${"020000000011"}0806${"000108000604"}`;

/** The frames in hexadecimal. */
function written(write: (next: NextFrame) => void): readonly string[] {
  const places: { bytes: Uint8Array; view: DataView; at: number }[] = [];
  write(() => {
    const bytes = new Uint8Array(64).fill(0xee);
    const place = { bytes, view: new DataView(bytes.buffer), at: 8 };
    places.push(place);
    return place;
  });
  return places.map(({ bytes }) => toHex(bytes.subarray(8, 8 + 42)));
}

describe("the ARP frames that are sent unasked", () => {
  test("announce as request without and as reply with the target's MAC address, both to everyone", () => {
    const frames = written((next) => writeAnnouncement(next, VIP, MAC));
    expect(frames).toEqual([
      `ffffffffffff${FROM_US}0001${"020000000011c000020a"}${"000000000000c000020a"}`,
      `ffffffffffff${FROM_US}0002${"020000000011c000020a"}${"020000000011c000020a"}`,
    ]);
    expect(frames).toHaveLength(FRAMES_PER_ANNOUNCEMENT);
  });

  test("ask one host from the address, so that it learns the MAC address", () => {
    const host = { ip: 0xc000_024d, mac: macToBytes("02:00:00:00:01:00") };
    expect(written((next) => writeNotice(next, VIP, MAC, host))).toEqual([
      `020000000100${FROM_US}0001${"020000000011c000020a"}${"000000000000c000024d"}`,
    ]);
  });

  test("ask everyone for the address, and claim nothing", () => {
    expect(written((next) => writeProbe(next, VIP, MAC))).toEqual([
      `ffffffffffff${FROM_US}0001${"02000000001100000000"}${"000000000000c000020a"}`,
    ]);
  });
});
