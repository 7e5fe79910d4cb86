import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { NdpType } from "#lib/wire/ndp.ts";
import type { Row } from "#speaker/network/messages.ts";
import type { HeardNdp } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { CLIENT, N1, N2, PATIENCE, ROW, Stage, VIP6, whyNoWire } from "./lab/stage.ts";

const MOVED: Row = { ...ROW, order: ["n2", "n1"] };

/** When an address is announced to all nodes, and how much later a busy machine may do it. */
const ANNOUNCED_AT_MS = [0, 100, 1_000, 2_000];
const LATE_MS = 1_000;
/** The first of them may have been on its way for longer than the next. */
const EARLY_MS = 50;

const why = whyNoWire();

describe.skipIf(why)(`An IPv6 address that moves from one node to another ${why ?? ""}`, () => {
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

  const advertised = (): readonly HeardNdp[] =>
    stage
      .ndp()
      .filter(
        ({ source, type, target }) =>
          source === N2.mac && type === NdpType.advertisement && target === VIP6,
      );

  async function clientSwitches(): Promise<void> {
    await vi.waitFor(() => expect(stage.client.neighbour(VIP6)?.mac).toBe(N2.mac), PATIENCE);
  }

  beforeAll(async () => {
    stage = new Stage();
    [n1, n2] = await stage.startBoth();
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  afterEach(async () => {
    n1.said.length = 0;
    n2.said.length = 0;
    stage.client.setSysctl("ipv6/conf/drop_unsolicited_na", 0);
    n2.send({ kind: "put", row: ROW });
    n1.send({ kind: "put", row: ROW });
    await stage.announced(n1, VIP6);
  });

  test("N8: is advertised to all nodes at 0, 0.1, 1 and 2 s, S=0 and O=1", async () => {
    move();
    const toNodes = () => advertised().filter(({ to }) => to === "ff02::1");
    await vi.waitFor(() => expect(toNodes()).toHaveLength(ANNOUNCED_AT_MS.length), PATIENCE);
    expect(toNodes()[0]).toMatchObject({
      destination: "33:33:00:00:00:01",
      from: N2.linkLocal,
      mac: N2.mac,
      flags: "O",
    });
    const [first = 0, ...others] = toNodes().map(({ atMs }) => atMs);
    for (const [index, atMs] of ANNOUNCED_AT_MS.slice(1).entries()) {
      const after = (others[index] ?? 0) - first;
      expect(after).toBeGreaterThan(atMs - EARLY_MS);
      expect(after).toBeLessThan(atMs + LATE_MS);
    }
  });

  test("N8: is advertised to the routers too, once and O=0, as RFC 9131 has it", async () => {
    move();
    const toRouters = () => advertised().filter(({ to }) => to === "ff02::2");
    await vi.waitFor(() => expect(toRouters()).not.toEqual([]), PATIENCE);
    expect(toRouters()[0]).toMatchObject({
      destination: "33:33:00:00:00:02",
      from: N2.linkLocal,
      mac: N2.mac,
      flags: "",
    });
    await vi.waitFor(() => {
      expect(advertised().length).toBe(ANNOUNCED_AT_MS.length + 1);
    }, PATIENCE);
    expect(toRouters()).toHaveLength(1);
  });

  test("N8: a Linux client whose entry is 0.15 s old switches to the new owner at once", async () => {
    expect(await stage.client.learnFor(VIP6, 150)).toBe(N1.mac);
    move();
    await clientSwitches();
  });

  test("N12: a client that drops unsolicited advertisements switches too, when it asked before", async () => {
    stage.client.setSysctl("ipv6/conf/drop_unsolicited_na", 1);
    expect(await stage.client.learnFor(VIP6, 150)).toBe(N1.mac);
    move();
    await clientSwitches();
  });

  test("N12: a solicitation from the address goes to the client alone, with the new MAC address", async () => {
    await stage.client.learn(VIP6);
    move();
    const asked = () =>
      stage.ndp().filter(({ type, from }) => type === NdpType.solicitation && from === VIP6);
    await vi.waitFor(() => expect(asked()).not.toEqual([]), PATIENCE);
    const [{ to, target } = { to: "", target: "" }] = asked();
    expect(asked()[0]).toMatchObject({ destination: CLIENT.mac, source: N2.mac, mac: N2.mac });
    expect(to).toBe(target);
    expect([CLIENT.ip6, CLIENT.linkLocal]).toContain(to);
  });

  test("N12: the default router of the node is told, though it never asked", async () => {
    stage.segment.ip("n2", "-6", "route", "add", "default", "via", CLIENT.linkLocal, "dev", "eth0");
    const known = [CLIENT.linkLocal, "lladdr", CLIENT.mac, "dev", "eth0"];
    stage.segment.ip("n2", "neighbour", "replace", ...known);
    stage.client.setSysctl("ipv6/conf/drop_unsolicited_na", 1);
    stage.client.setNeighbour(VIP6, N1.mac, "reachable");
    move();
    await clientSwitches();
    stage.segment.ip("n2", "-6", "route", "delete", "default");
  });
});
