import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { NetworkCounts, Row } from "#speaker/network/messages.ts";
import { arpRequest, patched, solicitation } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { CLIENT, N1, PATIENCE, ROW, Stage, VIP, VIP6, whyNoWire } from "./lab/stage.ts";

const PER_SECOND = 50_000;
const CHUNK = 200;
/** Frames that hosts send by themselves meanwhile. */
const UNRELATED = 50;

const ARP = arpRequest({ ip: VIP, from: CLIENT });
const NS = solicitation({ ip: VIP6, from: CLIENT });

/** What the filter in the kernel passes, for it looks at type and addresses alone, and nothing may answer. */
const WRONG = [
  patched(ARP, 14, 0, 9),
  patched(ARP, 18, 8, 4),
  patched(ARP, 18, 0, 0),
  patched(ARP, 22, 0x01, 0, 0x5e),
  patched(NS, 21, 64),
  patched(NS, 55, 3),
  patched(NS, 56, 0xde, 0xad),
  patched(NS, 79, 0),
  patched(NS, 79, 255),
  NS.subarray(0, 80),
  NS.subarray(0, 85),
];

const why = whyNoWire();

/** Of all frames that came in and were not answered. */
function dropsOf({ drops, socketDrops }: NetworkCounts): number {
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  return sum(drops) + sum(socketDrops);
}

/** A sequence that is the same in every run. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 8;
  }
}

describe.skipIf(why)(`A flood on the link of a node that owns addresses ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;
  let n2: SpeakerHandle;

  /** Sends the frames that the function makes, at the rate, for a while. Returns how many arrived at n1. */
  async function flood(ms: number, next: () => Uint8Array): Promise<number> {
    using atN1 = stage.tapOf("n1");
    const began = performance.now();
    let sent = 0;
    let arrived = 0;
    const take = () => {
      arrived += atN1.heard().filter(({ direction }) => direction === "in").length;
      atN1.forget();
      stage.tap.forget();
    };
    for (let now = began; now < began + ms; now = performance.now()) {
      if (sent < ((now - began) * PER_SECOND) / 1_000) {
        for (let index = 0; index < CHUNK; index++) {
          stage.tap.send(next());
        }
        sent += CHUNK;
      }
      take();
      await delay(1);
    }
    take();
    return arrived;
  }

  beforeAll(async () => {
    stage = new Stage();
    [n1, n2] = await stage.startBoth();
    await stage.quiet(n1);
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  test("every wrong frame is dropped and counted with its reason, none is answered or logged", async () => {
    const before = await n1.counts();
    const memory = n1.memory;
    n1.said.length = 0;
    let index = 0;
    const arrived = await flood(2_000, () => WRONG[index++ % WRONG.length] ?? ARP);
    const answers = async () => (await n1.counts()).addresses.map(({ responses }) => responses);
    await vi.waitFor(async () => {
      const counted = dropsOf(await n1.counts()) - dropsOf(before);
      expect(Math.abs(counted - arrived)).toBeLessThan(UNRELATED);
    }, PATIENCE);
    expect(await answers()).toEqual(before.addresses.map(({ responses }) => responses));
    expect(n1.saidOf("log").length).toBeLessThan(5);
    expect(n1.memory - memory).toBeLessThan(20_000);
  }, 30_000);

  test("random and truncated frames do no harm", async () => {
    const numbers = random(1);
    n1.said.length = 0;
    const before = await n1.counts();
    const memory = n1.memory;
    await flood(2_000, () => {
      const base = numbers.next().value % 2 === 0 ? ARP : NS;
      const frame = base.slice(0, 14 + (numbers.next().value % (base.length - 13)));
      for (let change = 0; change < 4; change++) {
        const at = 14 + (numbers.next().value % frame.length);
        if (at < frame.length) {
          frame[at] = numbers.next().value & 0xff;
        }
      }
      return frame;
    });
    expect(await stage.owners(VIP)).toEqual([N1.mac]);
    expect(await stage.owners(VIP6)).toEqual([N1.mac]);
    const conflicts = n1.saidOf("conflict").length;
    expect(n1.saidOf("log").length).toBeLessThan(20 + conflicts);
    expect((await n1.counts()).conflicts).toBe(before.conflicts + conflicts);
    expect(n1.memory - memory).toBeLessThan(20_000);
  }, 30_000);

  test("one client gets so many answers and no more, and others get theirs", async () => {
    const greedy = { ip: "192.0.2.50", mac: "02:00:00:00:00:50" };
    const before = await n1.counts();
    await flood(1_000, () => arpRequest({ ip: VIP, from: greedy }));
    expect(await stage.owners(VIP)).toEqual([N1.mac]);
    const after = await n1.counts();
    const answered = (counts: NetworkCounts) =>
      counts.addresses.find(({ ip }) => ip === VIP)?.responses ?? 0;
    expect(answered(after) - answered(before)).toBeLessThan(5_000);
    expect(after.drops["tooMany"]).toBeGreaterThan(before.drops["tooMany"] ?? 0);
  }, 30_000);

  test("a flood of requests for an owned address moves nothing", async () => {
    n1.said.length = 0;
    n2.said.length = 0;
    let asker = 0;
    await flood(2_000, () => {
      asker += 1;
      const mac = `02:00:00:00:1${asker % 8}:${10 + (asker % 90)}`;
      return arpRequest({ ip: VIP, from: { ip: "192.0.2.50", mac } });
    });
    expect([...n1.lines("owner changed"), ...n2.lines("owner changed")]).toEqual([]);
    expect([...n1.saidOf("alive"), ...n2.saidOf("alive")]).toEqual([]);
  }, 30_000);

  test("requests for addresses that nobody owns here never reach the speaker", async () => {
    const before = await n1.counts();
    await flood(1_000, () => arpRequest({ ip: "192.0.2.51", from: CLIENT }));
    expect(await stage.owners(VIP)).toEqual([N1.mac]);
    const after = await n1.counts();
    expect(dropsOf(after)).toBe(dropsOf(before));
  }, 30_000);
});

describe.skipIf(why)(
  `A filter for more addresses than the kernel has room for ${why ?? ""}`,
  () => {
    const MAX_OPTMEM = 20_480;
    // no two are neighbours, so that no range covers them
    const rows = Array.from({ length: 3_000 }, (_, index): Row => {
      const [high, low] = [(index * 5) >> 8, (index * 5) & 255];
      return { service: `default/web-${index}`, ips: [`198.18.${high}.${low}`], order: ["n1"] };
    });

    test("gives way to a coarser one: all owned addresses are answered, and no other", async () => {
      await using stage = new Stage();
      stage.segment.setSysctl("n1", "core/optmem_max", MAX_OPTMEM);
      const n1 = await stage.start(N1, { rows: [ROW, ...rows], announceRate: 0 });
      const [last = ""] = rows.at(-1)?.ips ?? [];
      await stage.announced(n1, VIP, last);
      await vi.waitFor(async () => expect(await stage.owners(last)).toEqual([N1.mac]), PATIENCE);
      expect(await stage.owners(VIP)).toEqual([N1.mac]);
      expect(await stage.owners("198.18.0.1")).toEqual([]);
      const warnings = n1.saidOf("log").filter(({ level }) => level === "warn");
      expect(warnings.length).toBeLessThanOrEqual(1);
    });
  },
);
