import { beforeEach, describe, expect, test } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { OwnInfo } from "./own-info.ts";

const LAN = parseRange("192.0.2.0/24");
const ETH0 = { index: 2, name: "eth0", mac: "02:00:00:00:00:11", hasCarrier: true, subnets: [LAN] };
const ETH1 = { ...ETH0, index: 3, name: "eth1", mac: "02:00:00:00:00:12" };
const BRIDGE = { ...ETH1, name: "br-4f2a", subnets: [parseRange("172.18.0.0/16")] };
const UNUSED = { ...ETH1, name: "eth2", subnets: [] };

let info: OwnInfo;

beforeEach(() => {
  info = new OwnInfo(({ subnets }) => subnets.includes(LAN));
});

describe("What a node tells of itself", () => {
  test("names each MAC address and each subnet once", () => {
    const twin = { ...ETH1, mac: ETH0.mac };
    expect(info.of([ETH0, twin], false)).toEqual({
      macs: [ETH0.mac],
      subnets: [LAN],
      isDraining: false,
      isImpaired: false,
    });
  });

  test("is no longer than others can take", () => {
    const links = Array.from({ length: 70 }, (_, index) => ({
      ...ETH0,
      index,
      mac: `02:00:00:00:00:${String(index).padStart(2, "0")}`,
      subnets: [parseRange(`198.51.100.${index}/32`)],
    }));
    const told = info.of(links, true);
    expect([told.macs.length, told.subnets.length, told.isDraining]).toEqual([64, 28, true]);
  });

  test.each([
    { what: "a link in use that lost its carrier", link: ETH1, before: true, lost: ["eth1"] },
    { what: "a link that never had one", link: ETH1, before: false, lost: [] },
    { what: "the bridge of containers that ended", link: BRIDGE, before: true, lost: [] },
    { what: "a link out of use", link: UNUSED, before: true, lost: [] },
  ])("says of $what, beside one that has it, whether it is impaired", ({ before, link, lost }) => {
    info.of([ETH0, { ...link, hasCarrier: before }], false);
    const { isImpaired } = info.of([ETH0, { ...link, hasCarrier: false }], false);
    expect([isImpaired, info.lost, info.hasLost]).toEqual([lost.length > 0, lost, before]);
  });

  test("remembers what the link was for, should its addresses go with the carrier", () => {
    info.of([ETH0, ETH1], false);
    const cut = { ...ETH1, hasCarrier: false };
    info.of([ETH0, cut], false);
    expect(info.of([ETH0, { ...cut, subnets: [] }], false).isImpaired).toBe(true);
  });

  test("says nothing of impairment when no link has a carrier: nobody hears it", () => {
    info.of([ETH0], false);
    expect(info.of([{ ...ETH0, hasCarrier: false }], false).isImpaired).toBe(false);
  });
});
