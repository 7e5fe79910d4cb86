import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { BROADCAST_MAC } from "#lib/wire/mac.ts";
import { arpRequest, solicitation, tagged } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { CLIENT, N1, PATIENCE, Stage, VIP, VIP6, whyNoWire } from "./lab/stage.ts";

const OTHER_MAC = "02:00:00:00:00:21";

const FLAPS = 20;
const CYCLES = 50;
/** A bound on what may come and go by itself; a leak of anything a cycle is more. */
const MAX_MORE_DESCRIPTORS = 2;
const MAX_MORE_MEMORY_KIB = 30_000;

const why = whyNoWire();

describe.skipIf(why)(`A link of a node that owns addresses ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;

  /** Changes the link of n1. */
  const link = (...words: readonly string[]) =>
    stage.segment.ip("n1", "link", "set", "eth0", ...words);

  async function answersFrom(mac: string): Promise<void> {
    await stage.answeredBy(mac, VIP);
    await stage.answeredBy(mac, VIP6);
  }

  async function saysThatItCannot(reason: RegExp): Promise<void> {
    await vi.waitFor(() => {
      const told = n1.lines("link cannot answer").at(-1);
      expect(told).toMatchObject({ link: "eth0", why: expect.stringMatching(reason) });
    }, PATIENCE);
  }

  beforeAll(async () => {
    stage = new Stage();
    n1 = await stage.start(N1);
    await answersFrom(N1.mac);
    n1.said.length = 0;
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  afterEach(async () => {
    await answersFrom(N1.mac);
    n1.said.length = 0;
  });

  test("A11: answers with its new MAC address, and announces it, in both families", async () => {
    stage.tap.forget();
    link("address", OTHER_MAC);
    await vi.waitFor(() => {
      const heard = [...stage.announcements(VIP), ...stage.advertisements(VIP6)];
      expect(heard.map(({ source }) => source)).toEqual(expect.arrayContaining([OTHER_MAC]));
    }, PATIENCE);
    expect(await stage.owners(VIP)).toEqual([OTHER_MAC]);
    expect(await stage.owners(VIP6)).toEqual([OTHER_MAC]);
    link("address", N1.mac);
  });

  test("A11: announces again when its carrier comes back", async () => {
    stage.segment.ip("switch", "link", "set", "port-n1", "down");
    stage.tap.forget();
    stage.segment.ip("switch", "link", "set", "port-n1", "up");
    await vi.waitFor(() => expect(stage.announcements(VIP)).not.toEqual([]), PATIENCE);
    await vi.waitFor(() => expect(stage.advertisements(VIP6)).not.toEqual([]), PATIENCE);
  });

  test("A11: answers again after it was down", async () => {
    link("down");
    await saysThatItCannot(/^it is down$/);
    link("up");
    await vi.waitFor(() => expect(n1.lines("link can answer")).toHaveLength(1), PATIENCE);
  });

  test("A11: answers again after it was taken away and made anew", async () => {
    stage.segment.unplug("n1");
    await saysThatItCannot(/^it is gone$/);
    stage.segment.plug(N1);
    await vi.waitFor(() => expect(n1.lines("link can answer")).toHaveLength(1), PATIENCE);
  });

  test("A11: answers with the right MAC address after each of many flaps", async () => {
    for (let flap = 0; flap < FLAPS; flap++) {
      const mac = flap % 2 === 0 ? OTHER_MAC : N1.mac;
      link("down");
      link("address", mac, "up");
      if (flap % 5 === 4) {
        stage.segment.unplug("n1");
        stage.segment.plug({ ...N1, mac });
      }
      await answersFrom(mac);
    }
  }, 60_000);

  test("A11: leaks nothing when it comes and goes", async () => {
    const cycle = async () => {
      link("down");
      link("up");
      await stage.answeredBy(N1.mac, VIP);
    };
    await cycle();
    const before = { descriptors: n1.descriptors, memory: n1.memory };
    for (let done = 0; done < CYCLES; done++) {
      await cycle();
    }
    await answersFrom(N1.mac);
    expect(n1.descriptors - before.descriptors).toBeLessThanOrEqual(MAX_MORE_DESCRIPTORS);
    expect(n1.memory - before.memory).toBeLessThan(MAX_MORE_MEMORY_KIB);
  }, 60_000);

  test("A13: does not answer what came from a VLAN that has no link here", async () => {
    const arp = arpRequest({ ip: VIP, from: CLIENT });
    const unicast = arpRequest({ ip: VIP, from: CLIENT, destination: N1.mac });
    expect(await stage.askArp(tagged(arp, 5), tagged(unicast, 5))).toEqual([]);
    expect(await stage.askNdp(tagged(solicitation({ ip: VIP6, from: CLIENT }), 5))).toEqual([]);
  });

  test("A13: answers what has a priority and no VLAN", async () => {
    expect(await stage.askArp(tagged(arpRequest({ ip: VIP, from: CLIENT }), 0))).toHaveLength(1);
    const tagged6 = tagged(solicitation({ ip: VIP6, from: CLIENT }), 0);
    expect(await stage.askNdp(tagged6)).toHaveLength(1);
  });

  test("A14: is silent as a port of a bridge, which answers instead", async () => {
    const bridgeMac = "02:00:00:00:00:31";
    const { segment } = stage;
    segment.ip("n1", "link", "add", "br1", "address", bridgeMac, "up", "type", "bridge");
    link("master", "br1");
    await saysThatItCannot(/^it is a port of a bridge/);
    await answersFrom(bridgeMac);
    link("nomaster");
    segment.ip("n1", "link", "delete", "br1");
  });

  test("A14: is silent while it does no ARP", async () => {
    link("arp", "off");
    await saysThatItCannot(/^it does no ARP$/);
    link("arp", "on");
  });

  test("A14: the loopback link never answers", () => {
    const links = n1.saidOf("links").flatMap((said) => said.links.map(({ name }) => name));
    expect(links).not.toContain("lo");
  });

  test("A15: an address that the kernel has too is told of, and no more once it is gone", async () => {
    stage.segment.ip("n1", "address", "add", `${VIP}/32`, "dev", "lo");
    const told = () => n1.saidOf("kernel-addresses").at(-1)?.addresses;
    await vi.waitFor(() => expect(told()).toEqual([{ ip: VIP, on: "lo" }]), PATIENCE);
    stage.segment.ip("n1", "address", "delete", `${VIP}/32`, "dev", "lo");
    await vi.waitFor(() => expect(told()).toEqual([]), PATIENCE);
  });

  test("A15: with arp_ignore=1 and arp_announce=2 the kernel leaves it to the speaker", async () => {
    const settings = { arp_ignore: 1, arp_announce: 2 } as const;
    for (const [name, value] of Object.entries(settings)) {
      stage.segment.setSysctl("n1", `ipv4/conf/all/${name}`, value);
    }
    stage.segment.ip("n1", "address", "add", `${VIP}/32`, "dev", "lo");
    const request = arpRequest({ ip: VIP, from: CLIENT, destination: BROADCAST_MAC });
    expect(await stage.askArp(request)).toHaveLength(1);
    stage.segment.ip("n1", "address", "delete", `${VIP}/32`, "dev", "lo");
    for (const name of Object.keys(settings)) {
      stage.segment.setSysctl("n1", `ipv4/conf/all/${name}`, 0);
    }
  });

  test("N11: waits for a link-local address, and advertises as soon as it can be used", async () => {
    for (const name of ["accept_dad", "dad_transmits"]) {
      stage.segment.setSysctl("n1", `ipv6/conf/default/${name}`, 1);
    }
    stage.segment.unplug("n1");
    stage.tap.forget();
    stage.segment.plug(N1);
    await vi.waitFor(() => expect(stage.advertisements(VIP6)).not.toEqual([]), PATIENCE);
    const [first] = stage.advertisements(VIP6);
    expect(first).toMatchObject({ from: N1.linkLocal });
    const probed = stage.ndp().find(({ from, target }) => from === "::" && target === N1.linkLocal);
    expect(first?.atMs ?? 0).toBeGreaterThan(probed?.atMs ?? Number.POSITIVE_INFINITY);
    for (const name of ["accept_dad", "dad_transmits"]) {
      stage.segment.setSysctl("n1", `ipv6/conf/default/${name}`, 0);
    }
  });
});

describe.skipIf(why)(
  `A link that hears broadcasts only when it hears everything ${why ?? ""}`,
  () => {
    test("A18: hears everything if the option says so, and no other link does", async () => {
      await using stage = new Stage();
      const promiscuity = () =>
        /promiscuity (\d+)/.exec(stage.segment.ip("n1", "-d", "link", "show", "eth0"))?.[1];
      const n1 = await stage.start(N1);
      await stage.announced(n1, VIP);
      expect(promiscuity()).toBe("0");
      await stage.stopAll();
      const again = await stage.start(N1, { promiscuousLinks: ["^eth"] });
      await stage.announced(again, VIP);
      expect(Number(promiscuity())).toBeGreaterThan(0);
      await stage.stopAll();
      expect(promiscuity()).toBe("0");
    });
  },
);
