import { beforeEach, describe, expect, test } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { OwnInfo } from "./own-info.ts";

const LAN = parseRange("192.0.2.0/24");
const ETH0 = { index: 2, mac: "02:00:00:00:00:11", hasCarrier: true };
const ETH1 = { index: 3, mac: "02:00:00:00:00:12", hasCarrier: true };

let info: OwnInfo;

beforeEach(() => {
  info = new OwnInfo();
});

describe("What a node tells of itself", () => {
  test("names each MAC address and each subnet once", () => {
    const twin = { ...ETH1, mac: ETH0.mac };
    expect(info.of([ETH0, twin], [LAN, LAN], false)).toEqual({
      macs: [ETH0.mac],
      subnets: [LAN],
      isDraining: false,
      isImpaired: false,
    });
  });

  test("is no longer than others can take", () => {
    const links = Array.from({ length: 70 }, (_, index) => ({
      index,
      mac: `02:00:00:00:00:${String(index).padStart(2, "0")}`,
      hasCarrier: true,
    }));
    const subnets = links.map(({ index }) => parseRange(`198.51.100.${index}/32`));
    const told = info.of(links, subnets, true);
    expect([told.macs.length, told.subnets.length, told.isDraining]).toEqual([64, 28, true]);
  });

  test.each([
    ["a link that lost its carrier, beside one that has it", [ETH0, ETH1], true],
    ["a link that never had one", [ETH0], false],
  ])("says of %s whether it is impaired", (_, before, isImpaired) => {
    info.of(before, [], false);
    const now = [ETH0, { ...ETH1, hasCarrier: false }];
    expect(info.of(now, [], false).isImpaired).toBe(isImpaired);
  });

  test("says nothing of impairment when no link has a carrier: nobody hears it", () => {
    info.of([ETH0], [], false);
    expect(info.of([{ ...ETH0, hasCarrier: false }], [], false).isImpaired).toBe(false);
  });
});
