import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { icmpv6Checksum } from "#lib/wire/checksum.ts";
import { NdpType } from "#lib/wire/ndp.ts";
import { duplicateProbe, ndpAmong, patched, solicitation } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { CLIENT, N1, PATIENCE, ROW, Stage, VIP6, whyNoWire } from "./lab/stage.ts";

const SOLICITATION = solicitation({ ip: VIP6, from: CLIENT });
/** Offsets in an Ethernet frame that carries a Neighbor Solicitation. */
const AT = {
  nextHeader: 20,
  hopLimit: 21,
  source: 22,
  destination: 38,
  message: 54,
  code: 55,
  checksum: 56,
  target: 62,
  optionType: 78,
  optionLength: 79,
} as const;

/** At the times that Linux has by default, a client in use asks every 35 s or so. */
const PROBES_OF_TEN_MINUTES = 20;

const MULTICAST = [...new Uint8Array([0xff, 0x02]), ...new Uint8Array(13), 1];

/** Each with the right checksum for what it says. */
const BAD = [
  {
    what: "a hop limit of 64, as from behind a router",
    reason: "badHopLimit",
    frame: summed(patched(SOLICITATION, AT.hopLimit, 64)),
  },
  {
    what: "a hop limit of 254",
    reason: "badHopLimit",
    frame: summed(patched(SOLICITATION, AT.hopLimit, 254)),
  },
  {
    what: "code 1",
    reason: "badSolicitation",
    frame: summed(patched(SOLICITATION, AT.code, 1)),
  },
  {
    what: "a wrong checksum",
    reason: "badChecksum",
    frame: patched(SOLICITATION, AT.checksum, 0x12, 0x34),
  },
  {
    what: "an option of length 0",
    reason: "badOption",
    frame: summed(patched(SOLICITATION, AT.optionLength, 0)),
  },
  {
    what: "an option that ends behind the packet",
    reason: "badOption",
    frame: summed(patched(SOLICITATION, AT.optionLength, 2)),
  },
  {
    what: "source :: and a source link-layer address",
    reason: "badOption",
    frame: solicitation({ ip: VIP6, from: { ip6: "::", mac: CLIENT.mac } }),
  },
  {
    what: "source :: and a unicast destination",
    reason: "badSolicitation",
    frame: solicitation({
      ip: VIP6,
      from: { ip6: "::", mac: CLIENT.mac },
      to: VIP6,
      destination: N1.mac,
      hasSourceMac: false,
    }),
  },
] as const;

const why = whyNoWire();

describe.skipIf(why)(`Neighbor Solicitations to a node that owns an address ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;

  beforeAll(async () => {
    stage = new Stage();
    n1 = await stage.start(N1);
    // a test would take an announcement for an answer
    await stage.quiet(n1);
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  test.each(BAD)("N2: drops and counts one with $what", async ({ frame, reason }) => {
    const before = await n1.counts();
    expect(await stage.askNdp(frame)).toEqual([]);
    const { drops } = await n1.counts();
    expect(drops[reason]).toBe((before.drops[reason] ?? 0) + 1);
  });

  test("N2: does not answer one that is cut short, wherever, with the length that says so", async () => {
    const cut = Array.from({ length: 24 }, (_, length) => {
      const frame = patched(SOLICITATION.subarray(0, AT.message + length), 18, 0, length);
      return length > 3 ? summed(frame) : frame;
    });
    expect(await stage.askNdp(...cut)).toEqual([]);
  });

  test("N2: does not answer one for a multicast address, or for another", async () => {
    const group = summed(patched(SOLICITATION, AT.target, ...MULTICAST));
    const other = solicitation({ ip: "2001:db8::21", from: CLIENT, to: "ff02::1:ff00:20" });
    expect(await stage.askNdp(group, other)).toEqual([]);
  });

  test("N2: reads over an option that it does not know", async () => {
    const unknown = summed(patched(SOLICITATION, AT.optionType, 253));
    expect(await stage.askNdp(unknown)).toHaveLength(1);
  });

  test("N3: answers one to the address itself, as a reachability probe is", async () => {
    const probe = solicitation({ ip: VIP6, from: CLIENT, to: VIP6, destination: N1.mac });
    expect((await stage.askNdp(probe)).map(({ flags }) => flags)).toEqual(["SO"]);
  });

  test("N3: a Linux client keeps the address through all its reachability probes", async () => {
    const { client, segment } = stage;
    client.setSysctl("ipv6/neigh/base_reachable_time_ms", 50);
    client.setSysctl("ipv6/neigh/delay_first_probe_time", 0);
    expect(await client.learn(VIP6)).toBe(N1.mac);
    stage.tap.forget();
    const about = (wanted: number) =>
      stage.ndp().filter(({ type, target }) => type === wanted && target === VIP6);
    const seen = new Set<string | undefined>();
    while (about(NdpType.solicitation).length < PROBES_OF_TEN_MINUTES) {
      client.talkTo(VIP6);
      seen.add(client.neighbour(VIP6)?.mac);
      await delay(10);
    }
    client.setSysctl("ipv6/neigh/base_reachable_time_ms", 30_000);
    client.setSysctl("ipv6/neigh/delay_first_probe_time", 5);
    expect(seen).toEqual(new Set([N1.mac]));
    await vi.waitFor(() => {
      const [asked, answered] = [NdpType.solicitation, NdpType.advertisement].map(about);
      expect(answered).toHaveLength(asked?.length ?? 0);
    }, PATIENCE);
    expect(new Set(about(NdpType.solicitation).map(({ to }) => to))).toEqual(new Set([VIP6]));
    expect(segment.ip("client", "neighbour", "show", "nud", "failed")).toBe("");
  });

  test("N4: answers one without a link-layer address to where its frame came from", async () => {
    const bare = solicitation({
      ip: VIP6,
      from: CLIENT,
      to: VIP6,
      destination: N1.mac,
      hasSourceMac: false,
    });
    const [answer] = await stage.askNdp(bare);
    expect(answer).toMatchObject({ destination: CLIENT.mac, to: CLIENT.ip6, mac: N1.mac });
  });

  test("N5: answers a probe for duplicates to all nodes, S=0 and O=1", async () => {
    stage.tap.forget();
    stage.tap.send(duplicateProbe(VIP6, CLIENT.mac));
    await vi.waitFor(() => expect(stage.advertisements(VIP6)).toHaveLength(1), PATIENCE);
    expect(stage.advertisements(VIP6)[0]).toMatchObject({
      destination: "33:33:00:00:00:01",
      source: N1.mac,
      to: "ff02::1",
      mac: N1.mac,
      flags: "O",
    });
  });

  test("N5: a Linux host that tries to take the address finds it in use", async () => {
    stage.segment.setSysctl("stranger", "ipv6/conf/eth0/accept_dad", 1);
    stage.segment.setSysctl("stranger", "ipv6/conf/eth0/dad_transmits", 1);
    stage.segment.ip("stranger", "address", "add", `${VIP6}/64`, "dev", "eth0");
    const shown = () => stage.segment.ip("stranger", "-6", "address", "show", "dev", "eth0");
    await vi.waitFor(() => expect(shown()).toMatch(/2001:db8::20\/64 .*dadfailed/), PATIENCE);
    stage.segment.ip("stranger", "address", "delete", `${VIP6}/64`, "dev", "eth0");
  });

  test("N6: ignores its own probe for duplicates when the network brings it back", async () => {
    await stage.withdraw(n1, ROW);
    stage.tap.forget();
    n1.send({ kind: "put", row: { ...ROW, order: ["n1"], isNew: true } });
    const probes = () =>
      stage.tap.heard().filter(({ bytes, direction }) => {
        const [ndp] = ndpAmong([{ bytes, direction, atMs: 0 }]);
        return direction === "in" && ndp?.from === "::" && ndp.target === VIP6;
      });
    await vi.waitFor(() => expect(probes()).not.toEqual([]), PATIENCE);
    stage.tap.send(...probes().map(({ bytes }) => bytes));
    await stage.announced(n1, VIP6);
    expect(n1.saidOf("conflict")).toEqual([]);
    const [first] = stage.advertisements(VIP6);
    expect(first?.flags).toBe("O");
  });

  test("N7: answers with S=1, O=1, R=0 and its MAC address, to the asker alone", async () => {
    expect(await stage.askNdp(SOLICITATION)).toEqual([
      {
        atMs: expect.any(Number),
        direction: "in",
        destination: CLIENT.mac,
        source: N1.mac,
        type: NdpType.advertisement,
        from: VIP6,
        to: CLIENT.ip6,
        target: VIP6,
        mac: N1.mac,
        flags: "SO",
      },
    ]);
  });

  test("N7: satisfies ndisc6", () => {
    const words = ["ndisc6", "-n", "-r", "1", "-w", "2000", VIP6, "eth0"];
    expect(stage.segment.run("client", ...words)).toContain(N1.mac.toUpperCase());
  });

  test("N7: replaces a wrong MAC address in the entry of a Linux client", async () => {
    stage.client.setNeighbour(VIP6, "02:00:00:00:00:55", "reachable");
    stage.tap.send(SOLICITATION);
    await vi.waitFor(() => expect(stage.client.neighbour(VIP6)?.mac).toBe(N1.mac), PATIENCE);
  });

  test.each([
    { what: "a global", asker: CLIENT.ip6 },
    { what: "a link-local", asker: CLIENT.linkLocal },
  ])(
    "N9: answers one from $what address from the address that was asked for",
    async ({ asker }) => {
      const from = { ip6: asker, mac: CLIENT.mac };
      const [answer] = await stage.askNdp(solicitation({ ip: VIP6, from }));
      // that its hop limit is 255 and its checksum right, what reads it here has checked
      expect(answer).toMatchObject({ from: VIP6, to: asker });
    },
  );
});

/** The same frame with the checksum that belongs to what it says. */
function summed(frame: Uint8Array): Uint8Array {
  const zeroed = patched(frame, AT.checksum, 0, 0);
  const ipAt = (at: number) => {
    const view = new DataView(frame.buffer, frame.byteOffset + at, 16);
    const value = (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
    return { family: "IPv6", value } as const;
  };
  const message = zeroed.subarray(AT.message);
  const checksum = icmpv6Checksum(ipAt(AT.source), ipAt(AT.destination), message);
  return patched(zeroed, AT.checksum, checksum >> 8, checksum & 0xff);
}
