import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readDefaultLink, readLinkSettings } from "./host-files.ts";
import { FakeRoot } from "./testing/fake-root.ts";

let root: FakeRoot;

beforeEach(async () => {
  root = await FakeRoot.make();
});

afterEach(async () => {
  await root[Symbol.asyncDispose]();
});

describe("the settings of a link", () => {
  test.for([
    { all: {}, own: {}, expected: { arpIgnore: 0, arpAnnounce: 0, rpFilter: 0 } },
    {
      all: { arp_ignore: 1 },
      own: { arp_announce: 2 },
      expected: { arpIgnore: 1, arpAnnounce: 2 },
    },
    { all: { rp_filter: 2 }, own: { rp_filter: 1 }, expected: { rpFilter: 2 } },
    { all: { rp_filter: 0 }, own: { rp_filter: 1 }, expected: { rpFilter: 1 } },
  ])("are the greater of all and its own: $all, $own", async ({ all, own, expected }) => {
    await root.setLink("all", all);
    await root.setLink("eth0.100", own);
    expect(readLinkSettings(root.path, "eth0.100")).toMatchObject({
      isWireless: false,
      ...expected,
    });
  });

  test.for(["wireless/status", "phy80211/name"])("say by %s that it is wireless", async (file) => {
    await root.setLink("wlan0");
    await root.write(`sys/class/net/wlan0/${file}`, "");
    expect(readLinkSettings(root.path, "wlan0")).toMatchObject({ isWireless: true });
  });

  test("are none when it is gone", () => {
    expect(readLinkSettings(root.path, "eth9")).toBeUndefined();
  });

  test("can be read of this machine", () => {
    expect(readLinkSettings("/", "lo")).toMatchObject({
      arpIgnore: expect.any(Number),
      isWireless: false,
    });
  });
});

describe("the default route goes by", () => {
  const LAN = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0";
  const DEFAULT = "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0";
  const CHEAPER = "eth1\t00000000\t016433C6\t0003\t0\t0\t50\t00000000\t0\t0\t0";
  const DOWN = "eth2\t00000000\t016433C6\t0002\t0\t0\t0\t00000000\t0\t0\t0";
  const REJECTING = "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0";
  const HALF = "tun0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0";

  test.for([
    { lines: [], link: undefined },
    { lines: [LAN], link: undefined },
    { lines: [LAN, DEFAULT], link: "eth0" },
    { lines: [DEFAULT, LAN, CHEAPER], link: "eth1" },
    { lines: [DOWN, REJECTING, HALF, DEFAULT], link: "eth0" },
  ])("$link when the routes are $lines", async ({ lines, link }) => {
    await root.setRoutes(...lines);
    expect(readDefaultLink(root.path)).toBe(link);
  });

  test("none when there is no table", () => {
    expect(readDefaultLink("/nowhere")).toBeUndefined();
  });
});
