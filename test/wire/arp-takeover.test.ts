import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Operation } from "#lib/wire/arp.ts";
import { BROADCAST_MAC, ZERO_MAC } from "#lib/wire/mac.ts";
import type { Row } from "#speaker/network/messages.ts";
import { arpRequest, type HeardArp } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { type Answer, CLIENT, N1, N2, PATIENCE, ROW, Stage, VIP, whyNoWire } from "./lab/stage.ts";

const MOVED: Row = { ...ROW, order: ["n2", "n1"] };
const OTHER: Row = { service: "default/other", ips: ["192.0.2.30"], order: ["n1", "n2"] };

/** When an address is announced, from the moment that it is taken on, and how much later a busy machine may do it. */
const ANNOUNCED_AT_MS = [0, 100, 300, 1_000, 3_000];
const LATE_MS = 1_000;
/** The first of them may have been on its way for longer than the next. */
const EARLY_MS = 50;

const why = whyNoWire();

describe.skipIf(why)(`An IPv4 address that moves from one node to another ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;
  let n2: SpeakerHandle;

  /** Makes n2 the owner. */
  function move(): void {
    stage.tap.forget();
    n1.said.length = 0;
    n2.said.length = 0;
    n1.send({ kind: "put", row: MOVED });
    n2.send({ kind: "put", row: MOVED });
  }

  /** What n2 has announced; n1 may have been about to, too, when the address moved. */
  const announced = (): readonly HeardArp[] =>
    stage.announcements(VIP).filter(({ source }) => source === N2.mac);

  async function askTwentyTimes(): Promise<readonly Answer[]> {
    stage.tap.forget();
    for (let asked = 0; asked < 20; asked++) {
      stage.tap.send(arpRequest({ ip: VIP, from: CLIENT }));
      await delay(2);
    }
    const answers = () => stage.answers([VIP]);
    await vi.waitFor(() => expect(answers().length).toBeGreaterThanOrEqual(20), PATIENCE);
    return answers();
  }

  async function clientSwitches(): Promise<void> {
    await vi.waitFor(() => expect(stage.client.neighbour(VIP)?.mac).toBe(N2.mac), PATIENCE);
  }

  beforeAll(async () => {
    stage = new Stage();
    [n1, n2] = await stage.startBoth({ rows: [ROW, OTHER] });
    await stage.quiet(n1);
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  afterEach(async () => {
    n1.said.length = 0;
    n2.said.length = 0;
    stage.client.setSysctl("ipv4/conf/drop_gratuitous_arp", 0);
    n2.send({ kind: "put", row: ROW });
    n1.send({ kind: "put", row: ROW });
    await stage.announced(n1, VIP);
  });

  test("A6: is first announced by a broadcast request, as RFC 5227 has it", async () => {
    move();
    await vi.waitFor(() => expect(announced()).not.toEqual([]), PATIENCE);
    expect(announced()[0]).toMatchObject({
      destination: BROADCAST_MAC,
      source: N2.mac,
      operation: Operation.request,
      senderMac: N2.mac,
      senderIp: VIP,
      targetMac: ZERO_MAC,
      targetIp: VIP,
    });
  });

  test("A7: is announced by a reply too, whose target MAC address is the sender's", async () => {
    move();
    await vi.waitFor(() => expect(announced().length).toBeGreaterThan(1), PATIENCE);
    expect(announced()[1]).toMatchObject({
      destination: BROADCAST_MAC,
      operation: Operation.reply,
      senderMac: N2.mac,
      targetMac: N2.mac,
    });
  });

  test("A7: a Linux client whose entry is 0.15 s old switches to the new owner at once", async () => {
    expect(await stage.client.learnFor(VIP, 150)).toBe(N1.mac);
    move();
    await clientSwitches();
  });

  test("A8: is announced at 0, 0.1, 0.3, 1 and 3 s, and no other address is", async () => {
    move();
    await vi.waitFor(() => {
      expect(announced()).toHaveLength(2 * ANNOUNCED_AT_MS.length);
    }, PATIENCE);
    const times = announced()
      .filter((_, index) => index % 2 === 0)
      .map(({ atMs }) => atMs);
    const after = times.map((atMs) => atMs - (times[0] ?? 0));
    for (const [round, atMs] of ANNOUNCED_AT_MS.entries()) {
      expect(after[round]).toBeGreaterThan(atMs - EARLY_MS);
      expect(after[round]).toBeLessThan(atMs + LATE_MS);
    }
    expect(stage.announcements("192.0.2.30")).toEqual([]);
  });

  test("A16: a client that drops announcements switches too, when it asked for the address before", async () => {
    stage.client.setSysctl("ipv4/conf/drop_gratuitous_arp", 1);
    expect(await stage.client.learnFor(VIP, 150)).toBe(N1.mac);
    move();
    await clientSwitches();
  });

  test("A16: the default gateway of the node is told, though it never asked", async () => {
    stage.segment.ip("n2", "route", "add", "default", "via", CLIENT.ip);
    const known = [CLIENT.ip, "lladdr", CLIENT.mac, "dev", "eth0"];
    stage.segment.ip("n2", "neighbour", "replace", ...known);
    stage.client.setSysctl("ipv4/conf/drop_gratuitous_arp", 1);
    stage.client.setNeighbour(VIP, N1.mac, "reachable");
    move();
    await clientSwitches();
    stage.segment.ip("n2", "route", "delete", "default");
  });

  test("A16: the request for it goes to the client alone, from the address", async () => {
    await stage.client.learn(VIP);
    move();
    const asked = () =>
      stage
        .arp()
        .filter(({ destination, senderIp }) => destination === CLIENT.mac && senderIp === VIP);
    await vi.waitFor(() => expect(asked()).not.toEqual([]), PATIENCE);
    expect(asked()[0]).toMatchObject({
      source: N2.mac,
      operation: Operation.request,
      senderMac: N2.mac,
      targetMac: ZERO_MAC,
      targetIp: CLIENT.ip,
    });
  });

  test("is answered with one MAC address alone once it has moved, and soon by one node alone", async () => {
    move();
    await stage.announced(n2, VIP);
    expect(new Set((await askTwentyTimes()).map(({ mac }) => mac))).toEqual(new Set([N2.mac]));
    await vi.waitFor(async () => expect(await stage.owners(VIP)).toEqual([N2.mac]), PATIENCE);
    expect((await askTwentyTimes()).map(({ source }) => source)).toEqual(Array(20).fill(N2.mac));
  });
});

describe.skipIf(why)(`Many addresses that move at once ${why ?? ""}`, () => {
  const COUNT = 100;
  /** Frames a second: so few that the order shows. */
  const RATE = 200;
  const ips = Array.from({ length: COUNT }, (_, index) => `192.0.2.${101 + index}`);
  const rows = ips.map((ip): Row => ({ service: `default/${ip}`, ips: [ip], order: ["n1", "n2"] }));

  test("A8: are announced at the rate and no faster, the most recently requested first", async () => {
    await using stage = new Stage();
    const [n1] = await stage.startBoth({ rows, announceRate: RATE });
    const wanted = ["192.0.2.190", "192.0.2.150", "192.0.2.170"];
    for (const ip of wanted) {
      await stage.client.learn(ip);
    }
    stage.tap.forget();
    await n1.stop();
    const first = () => [
      ...new Set(
        stage
          .arp()
          .filter(({ source, senderIp, targetIp }) => source === N2.mac && senderIp === targetIp)
          .map(({ senderIp }) => senderIp),
      ),
    ];
    await vi.waitFor(() => expect(first().length).toBeGreaterThanOrEqual(COUNT), PATIENCE);
    expect(first().slice(0, wanted.length)).toEqual(wanted.toReversed());
    const times = stage.arp().map(({ atMs }) => atMs);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan((1_000 * COUNT) / RATE);
  });
});
