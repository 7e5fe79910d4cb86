import { describe, expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { EtherType, parseEthernet } from "#lib/wire/ethernet.ts";
import { macToBytes } from "#lib/wire/mac.ts";
import { ALL_NODES, ALL_ROUTERS, NdpType, parseNdp } from "#lib/wire/ndp.ts";
import type { NextFrame } from "./outgoing.ts";
import {
  FRAMES_PER_ANNOUNCEMENT,
  UNASKED_NDP_LENGTH,
  writeAnnouncement,
  writeNotice,
  writeQuestion,
  writeToRouters,
} from "./unasked-ndp.ts";

const MAC = "02:00:00:00:00:11";
const VIP = parseIp("2001:db8::10");
const LINK_LOCAL = parseIp("fe80::11");
const SENDER = { mac: macToBytes(MAC), linkLocal: LINK_LOCAL };

/** As the plain codec reads them, which believes no wrong checksum. */
function read(write: (next: NextFrame) => void) {
  const places: Uint8Array[] = [];
  write(() => {
    const bytes = new Uint8Array(128).fill(0xee);
    places.push(bytes);
    return { bytes, view: new DataView(bytes.buffer), at: 8 };
  });
  return places.map((bytes) => {
    const frame = parseEthernet(bytes.subarray(8, 8 + UNASKED_NDP_LENGTH));
    const { destination: to, source: from, etherType, payload } = frame;
    return { to, from, etherType, ...parseNdp(payload) };
  });
}

const FROM_US = { from: MAC, etherType: EtherType.ipv6 };

describe("the NDP frames that are sent unasked", () => {
  test("override what the nodes of the link knew", () => {
    const frames = read((next) => writeAnnouncement(next, VIP, SENDER));
    expect(frames).toEqual([
      {
        ...FROM_US,
        to: "33:33:00:00:00:01",
        source: LINK_LOCAL,
        destination: ALL_NODES,
        message: {
          type: NdpType.advertisement,
          target: VIP,
          targetMac: MAC,
          isRouter: false,
          isSolicited: false,
          isOverride: true,
        },
      },
    ]);
    expect(frames).toHaveLength(FRAMES_PER_ANNOUNCEMENT);
  });

  test("tell the routers, and override nothing", () => {
    expect(read((next) => writeToRouters(next, VIP, SENDER))).toMatchObject([
      {
        ...FROM_US,
        to: "33:33:00:00:00:02",
        source: LINK_LOCAL,
        destination: ALL_ROUTERS,
        message: { target: VIP, targetMac: MAC, isSolicited: false, isOverride: false },
      },
    ]);
  });

  test("ask one host from the address, so that it learns the MAC address", () => {
    const host = { ip: parseIp("2001:db8::77"), mac: macToBytes("02:00:00:00:01:00") };
    expect(read((next) => writeNotice(next, VIP, SENDER.mac, host))).toEqual([
      {
        ...FROM_US,
        to: "02:00:00:00:01:00",
        source: VIP,
        destination: host.ip,
        message: {
          type: NdpType.solicitation,
          target: host.ip,
          sourceMac: MAC,
          nonce: undefined,
        },
      },
    ]);
  });

  test("ask the host that is believed to have an address, and no other", () => {
    const to = "02:00:00:00:00:12";
    expect(read((next) => writeQuestion(next, VIP, SENDER, macToBytes(to)))).toEqual([
      {
        ...FROM_US,
        to,
        source: LINK_LOCAL,
        destination: VIP,
        message: { type: NdpType.solicitation, target: VIP, sourceMac: MAC, nonce: undefined },
      },
    ]);
  });
});
