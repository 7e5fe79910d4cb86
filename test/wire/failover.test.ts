import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { arpRequest, solicitation } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import {
  type Answer,
  CLIENT,
  N1,
  N2,
  PATIENCE,
  ROW,
  Stage,
  VIP,
  VIP6,
  whyNoWire,
} from "./lab/stage.ts";

/** Bounds of what is promised in a quarter of it, for a busy machine. */
const TAKEOVER_LIMIT_MS = 2_000;
const MOVE_LIMIT_MS = 500;
/** For so long the answer to a question of before the move may be on its way. */
const CROSSING_MS = 100;
const ANSWERS_OF_A_WHILE = 60;

const IPV6_MEMBERS = [N1, N2].map(({ name, ip6 }) => ({ name, addresses: [ip6.toUpperCase()] }));

const why = whyNoWire();

describe.skipIf(why)(`Addresses that two nodes may own ${why ?? ""}`, () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => stage[Symbol.asyncDispose]());

  /** Waits until one node alone answers for the addresses, with the MAC address of one. */
  async function answered({ by, as }: { by: string; as: string }): Promise<void> {
    for (const [ip, question] of [
      [VIP, arpRequest({ ip: VIP, from: CLIENT })],
      [VIP6, solicitation({ ip: VIP6, from: CLIENT })],
    ] as const) {
      await vi.waitFor(async () => {
        await (ip === VIP ? stage.askArp(question) : stage.askNdp(question));
        const answers = stage.answers([ip]).map(({ mac, source }) => ({ by: source, as: mac }));
        expect(answers).toEqual([{ by, as }]);
      }, PATIENCE);
    }
  }

  const ownedBy = (mac: string) => answered({ by: mac, as: mac });

  /** What the speaker has told of the owners of the addresses. */
  function changes(speaker: SpeakerHandle) {
    return speaker
      .lines("owner changed")
      .filter(({ ip }) => ip === VIP)
      .map(({ because, from, to }) => ({ from, to, because }));
  }

  function lastChange(speaker: SpeakerHandle) {
    return changes(speaker).at(-1);
  }

  const macs = (answers: readonly Answer[]) => new Set(answers.map(({ mac }) => mac));

  /** The longest time without an answer about the address. */
  function longestSilence(answers: readonly Answer[], ip: string): number {
    const times = answers.filter((answer) => answer.ip === ip).map(({ atMs }) => atMs);
    return Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0)));
  }

  test.each([
    { how: "is killed", end: (n1: SpeakerHandle) => n1.kill(), options: {} },
    { how: "restarts", end: (n1: SpeakerHandle) => void n1.terminate(), options: {} },
    {
      how: "is killed on a node without IPv4 address",
      end: (n1: SpeakerHandle) => n1.kill(),
      options: { members: IPV6_MEMBERS },
    },
  ])(
    "are answered with their owner's MAC address while its speaker $how, and stay its own",
    async ({ end, options }) => {
      const [n1, n2] = await stage.startBoth(options);
      await stage.quiet(n1);
      n2.said.length = 0;
      end(n1);
      const voiced = vi.waitFor(() => {
        expect(stage.answers(ROW.ips).map(({ source }) => source)).toContain(N2.mac);
      }, PATIENCE);
      const meanwhile = await stage.askThroughout(ROW.ips, voiced);
      expect(macs(meanwhile)).toEqual(new Set([N1.mac]));
      expect(n2.lines("member changed").at(-1)?.["to"]).toMatch(/^(?:speaker down|restarting)$/);
      await answered({ by: N2.mac, as: N1.mac });

      const again = await stage.start(N1, options);
      const back = await stage.askThroughout(ROW.ips, stage.announced(again, ...ROW.ips));
      expect(macs(back)).toEqual(new Set([N1.mac]));
      await ownedBy(N1.mac);
      expect(changes(n2)).toEqual([]);
      expect(changes(again)).toEqual([
        { from: undefined, to: "n1", because: "it owned the address before" },
      ]);
    },
    40_000,
  );

  test("move when their owner's cable is pulled, and come back when it is plugged in", async () => {
    const [, n2] = await stage.startBoth();
    expect(lastChange(n2)).toEqual({ from: undefined, to: "n1", because: "n1 claimed it" });

    stage.pullCable(N1);
    const pulledAt = Date.now();
    const moved = vi.waitFor(() => expect(lastChange(n2)?.to).toBe("n2"), PATIENCE);
    const answers = await stage.askThroughout(ROW.ips, moved);
    await ownedBy(N2.mac);
    const [first] = [...answers, ...stage.answers(ROW.ips)].filter(({ mac }) => mac === N2.mac);
    expect((first?.atMs ?? 0) - pulledAt).toBeLessThan(TAKEOVER_LIMIT_MS);
    expect(lastChange(n2)).toEqual({
      from: "n1",
      to: "n2",
      because: expect.stringMatching(
        /^n1 is dead: no heartbeat for \d+ ms, and its kernel does not answer$/,
      ),
    });

    stage.segment.ip("switch", "link", "set", "port-n1", "master", "br0");
    await ownedBy(N1.mac);
    expect(lastChange(n2)?.to).toBe("n1");
  }, 40_000);

  test("move at once when their owner leaves, and back when it has been well for a while", async () => {
    const [n1, n2] = await stage.startBoth();
    const left = Promise.all([n1.stop(), takesOver(n2, N2.mac)]);
    const leaving = await stage.askThroughout(ROW.ips, left);
    expectOneChange(leaving, N1.mac, N2.mac);
    expect(lastChange(n2)).toEqual({ from: "n1", to: "n2", because: "n1 handed it over" });

    const again = await stage.start(N1);
    const returning = await stage.askThroughout(ROW.ips, takesOver(again, N1.mac));
    expectOneChange(returning, N2.mac, N1.mac);
    expect(changes(again).at(-1)).toEqual({
      from: "n2",
      to: "n1",
      because: "n2 handed it over",
    });
    await ownedBy(N1.mac);
  }, 40_000);

  /** Waits until the speaker knows that it is the owner, and it alone has answered for a while. */
  async function takesOver(speaker: SpeakerHandle, mac: string): Promise<void> {
    await vi.waitFor(() => expect(lastChange(speaker)?.to).toBe(speaker.nodeName), PATIENCE);
    await vi.waitFor(() => {
      const last = stage.answers(ROW.ips).slice(-ANSWERS_OF_A_WHILE);
      expect(new Set(last.map((answer) => answer.mac))).toEqual(new Set([mac]));
    }, PATIENCE);
  }

  /** That no question was without an answer for long, and nobody was told the old MAC address after the new one. */
  function expectOneChange(answers: readonly Answer[], before: string, after: string): void {
    expect(macs(answers)).toEqual(new Set([before, after]));
    for (const ip of ROW.ips) {
      expect(longestSilence(answers, ip)).toBeLessThan(MOVE_LIMIT_MS);
      const told = answers.filter((answer) => answer.ip === ip);
      const changedAt = told.find(({ mac }) => mac === after)?.atMs ?? 0;
      const late = told.filter(({ atMs, mac }) => mac === before && atMs > changedAt + CROSSING_MS);
      expect(late).toEqual([]);
    }
  }

  test("are one node's though the other one has no InternalIP, for it is answered where it speaks", async () => {
    const unaddressed = { name: "n2", addresses: [] };
    const members = [{ name: "n1", addresses: [N1.ip] }, unaddressed];
    const n1 = await stage.start(N1, { members });
    const n2 = await stage.start(N2, { members: [unaddressed] });
    await stage.announced(n2, VIP);

    n2.send({ kind: "members", members });
    await vi.waitFor(() => {
      expect([n1.alive.toSorted(), n2.alive.toSorted()]).toEqual([
        ["n1", "n2"],
        ["n1", "n2"],
      ]);
    }, PATIENCE);
    await ownedBy(N1.mac);
  }, 40_000);
});
