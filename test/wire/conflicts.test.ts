import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Operation } from "#lib/wire/arp.ts";
import { NdpType } from "#lib/wire/ndp.ts";
import type { Conflict, Row } from "#speaker/network/messages.ts";
import { arpClaim, arpRequest, ndpClaim, solicitation } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import {
  CLIENT,
  FRAMES_OF_ALL_ANNOUNCEMENTS,
  N1,
  N2,
  PATIENCE,
  ROW,
  STRANGER,
  Stage,
  VIP,
  VIP6,
  whyNoWire,
} from "./lab/stage.ts";

/** Within which a foreign host is to be told of; a busy machine may need longer to say so. */
const TELL_LIMIT_MS = 1_000;
/** The same, of what is to take 150 ms. */
const LIMIT_OF_PROBES_MS = 1_000;

const why = whyNoWire();

describe.skipIf(why)(`An address that is announced, and a foreign host ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;

  const inUse = (ip: string): Conflict => ({
    ip,
    mac: STRANGER.mac,
    link: "eth0",
    when: "in-use",
  });
  const conflicts = () => n1.saidOf("conflict").map(({ conflict }) => conflict);

  beforeAll(async () => {
    stage = new Stage();
    [n1] = await stage.startBoth();
    await n1.counts();
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  /** A new row is a new beginning: what was heard of the old one is forgotten. */
  afterEach(async () => {
    await stage.withdraw(n1, ROW);
    n1.send({ kind: "put", row: ROW });
    await stage.announced(n1, ...ROW.ips);
    n1.said.length = 0;
  });

  test("A9: tells of a foreign host that announces an IPv4 address of ours, within a second", async () => {
    const claimedAt = performance.now();
    stage.tap.send(arpClaim(VIP, STRANGER.mac));
    await vi.waitFor(() => expect(conflicts()).toEqual([inUse(VIP)]), PATIENCE);
    expect(performance.now() - claimedAt).toBeLessThan(TELL_LIMIT_MS);
  });

  test("A9: tells of one that only asks for something else from the address", async () => {
    stage.tap.send(arpRequest({ ip: "192.0.2.40", from: { ip: VIP, mac: STRANGER.mac } }));
    await vi.waitFor(() => expect(conflicts()).toEqual([inUse(VIP)]), PATIENCE);
  });

  test("A9: does not take another node's MAC address for a foreign host's, nor its own", async () => {
    // in frames of the client's, or the switch would look for the nodes there
    const claims = [N1, N2].map(({ mac }) =>
      arpRequest({ ip: VIP, from: { ip: VIP, mac }, source: CLIENT.mac }),
    );
    expect(await stage.askArp(...claims)).toEqual([]);
    stage.tap.send(arpClaim(VIP, STRANGER.mac));
    await vi.waitFor(() => expect(conflicts()).toEqual([inUse(VIP)]), PATIENCE);
  });

  test("A10: defends the address once, however often it is claimed within 10 s, and answers on", async () => {
    await stage.quiet(n1);
    for (let claimed = 0; claimed < 5; claimed++) {
      await stage.askArp(arpClaim(VIP, STRANGER.mac));
    }
    expect(await stage.owners(VIP)).toEqual([N1.mac]);
    const { addresses } = await n1.counts();
    const frames = addresses.find(({ ip }) => ip === VIP)?.announcements;
    expect(frames).toBe(FRAMES_OF_ALL_ANNOUNCEMENTS.IPv4 + 2);
  });

  test("N10: tells of a foreign host that advertises an IPv6 address of ours, within a second", async () => {
    const claimedAt = performance.now();
    stage.tap.send(ndpClaim(VIP6, STRANGER.mac, STRANGER.linkLocal));
    await vi.waitFor(() => expect(conflicts()).toEqual([inUse(VIP6)]), PATIENCE);
    expect(performance.now() - claimedAt).toBeLessThan(TELL_LIMIT_MS);
    expect(await stage.owners(VIP6)).toEqual([N1.mac]);
  });

  test("N10: tells of one that solicits something else from the address", async () => {
    const from = { ip6: VIP6, mac: STRANGER.mac };
    stage.tap.send(solicitation({ ip: "2001:db8::40", from, to: "ff02::1:ff00:20" }));
    await vi.waitFor(() => expect(conflicts()).toEqual([inUse(VIP6)]), PATIENCE);
  });

  test("N10: does not take another node's advertisement for a conflict", async () => {
    stage.tap.send(ndpClaim(VIP6, N2.mac, N2.linkLocal));
    expect(await stage.owners(VIP6)).toEqual([N1.mac]);
    expect(conflicts()).toEqual([]);
  });
});

describe.skipIf(why)(`An address at its first use ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;

  const fresh = (): Row => ({ ...ROW, order: ["n1"], isNew: true });
  const firstUse = (ip: string): Conflict => ({
    ip,
    mac: STRANGER.mac,
    link: "eth0",
    when: "first-use",
  });
  const conflicts = () => n1.saidOf("conflict").map(({ conflict }) => conflict);
  const probes = (ip: string) =>
    stage.arp().filter(({ senderIp, targetIp }) => senderIp === "0.0.0.0" && targetIp === ip);
  const probes6 = () => stage.ndp().filter(({ from, target }) => from === "::" && target === VIP6);

  beforeAll(() => {
    stage = new Stage();
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  beforeAll(async () => {
    n1 = await stage.start(N1, { rows: [] });
  });

  afterEach(() => stage.withdraw(n1, ROW));

  test("A12: is answered at once, probed three times within 200 ms, and announced if nobody objects", async () => {
    stage.tap.forget();
    n1.send({ kind: "put", row: fresh() });
    await vi.waitFor(() => expect(stage.announcements(VIP)).not.toEqual([]), PATIENCE);
    await vi.waitFor(() => expect(stage.advertisements(VIP6)).not.toEqual([]), PATIENCE);
    const [announcedAt = 0] = stage.announcements(VIP).map(({ atMs }) => atMs);
    const before = probes(VIP).filter(({ atMs }) => atMs < announcedAt);
    expect(before.map(({ operation, source }) => [operation, source])).toEqual(
      Array(3).fill([Operation.request, N1.mac]),
    );
    const first = before.at(0)?.atMs ?? 0;
    const last = before.at(-1)?.atMs ?? 0;
    expect(last - first).toBeLessThan(LIMIT_OF_PROBES_MS);
    const [announced6At = 0] = stage.advertisements(VIP6).map(({ atMs }) => atMs);
    const before6 = probes6().filter(({ atMs }) => atMs < announced6At);
    expect(before6.map(({ type }) => type)).toEqual(Array(3).fill(NdpType.solicitation));
    expect(conflicts()).toEqual([]);
  });

  test("A12: its answers do not override until nobody has objected", async () => {
    stage.tap.forget();
    n1.send({ kind: "put", row: fresh() });
    await vi.waitFor(() => expect(probes(VIP)).not.toEqual([]), PATIENCE);
    await vi.waitFor(() => expect(probes6()).not.toEqual([]), PATIENCE);
    stage.tap.send(arpRequest({ ip: VIP, from: CLIENT }));
    stage.tap.send(solicitation({ ip: VIP6, from: CLIENT }));
    const replies = () =>
      stage.arp().filter(({ operation, senderIp }) => operation === 2 && senderIp === VIP);
    const advertised = () =>
      stage
        .ndp()
        .filter(
          ({ source, target, type }) =>
            source === N1.mac && target === VIP6 && type === NdpType.advertisement,
        );
    await vi.waitFor(() => expect(replies()).not.toEqual([]), PATIENCE);
    await vi.waitFor(() => expect(advertised()[0]).toMatchObject({ flags: "S" }), PATIENCE);
    await stage.announced(n1, VIP6);
    const [settled] = await stage.askNdp(solicitation({ ip: VIP6, from: CLIENT }));
    expect(settled).toMatchObject({ flags: "SO" });
  });

  test("A12: is not probed when it was found in a Service's status", async () => {
    stage.tap.forget();
    n1.send({ kind: "put", row: { ...ROW, order: ["n1"] } });
    await stage.announced(n1, ...ROW.ips);
    expect(await stage.owners(VIP)).toEqual([N1.mac]);
    expect([...probes(VIP), ...probes6()]).toEqual([]);
  });

  test("A12: is neither announced nor answered while a foreign host uses it, and is once that is gone", async () => {
    stage.segment.ip("stranger", "address", "add", `${VIP}/24`, "dev", "eth0");
    stage.segment.ip("stranger", "address", "add", `${VIP6}/64`, "dev", "eth0", "nodad");
    stage.tap.forget();
    n1.send({ kind: "put", row: fresh() });
    const found = expect.arrayContaining([firstUse(VIP), firstUse(VIP6)]);
    await vi.waitFor(() => expect(conflicts()).toEqual(found), PATIENCE);
    expect(conflicts()).toHaveLength(2);
    expect(await stage.owners(VIP)).toEqual([STRANGER.mac]);
    expect(await stage.owners(VIP6)).toEqual([STRANGER.mac]);
    expect(stage.announcements(VIP).filter(({ source }) => source === N1.mac)).toEqual([]);

    for (const ip of [`${VIP}/24`, `${VIP6}/64`]) {
      stage.segment.ip("stranger", "address", "delete", ip, "dev", "eth0");
    }
    n1.said.length = 0;
    await stage.announced(n1, ...ROW.ips);
    const over = n1.saidOf("conflict-over").map(({ ip }) => ip);
    expect(over.toSorted()).toEqual([VIP, VIP6].toSorted());
    expect(await stage.owners(VIP)).toEqual([N1.mac]);
    expect(await stage.owners(VIP6)).toEqual([N1.mac]);
  }, 40_000);

  test("A12: is silent from the start when it is known to be contested", async () => {
    stage.tap.forget();
    n1.send({ kind: "put", row: { ...ROW, order: ["n1"], contested: [VIP] } });
    await stage.announced(n1, VIP6);
    expect(stage.announcements(VIP)).toEqual([]);
    expect(await stage.askArp(arpRequest({ ip: VIP, from: CLIENT }))).toEqual([]);
  });
});
