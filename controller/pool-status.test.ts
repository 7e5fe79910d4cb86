import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { type PoolStatusApi, PoolStatusWriter, type StoredPool } from "./pool-status.ts";

const MOST = 9_223_372_036_854_775_807n;

/** The pools of a cluster; what is written is seen by the watch at once, or when a test says so. */
class FakePools implements PoolStatusApi {
  readonly stored = new Map<string, StoredPool>();
  /** `seconds name body` of each call. */
  readonly calls: string[] = [];
  readonly #failures: KubeError[] = [];
  readonly #clock: FakeClock;
  seen: (name: string) => void = () => undefined;
  isWatchLate = false;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** The status as clients of JavaScript see it. */
  put(name: string, status?: object): void {
    this.stored.set(name, status === undefined ? {} : { status });
    this.seen(name);
  }

  failNext(...statuses: readonly number[]): void {
    this.#failures.push(
      ...statuses.map((status) => new KubeError({ status, reason: "Test", message: "refused" })),
    );
  }

  async mergePatch<Result>(path: string, body: object): Promise<Result> {
    const [, name = ""] =
      /^\/apis\/metallb\.io\/v1beta1\/namespaces\/metallb-system\/ipaddresspools\/([^/]+)\/status$/.exec(
        path,
      ) ?? [];
    const text = JSON.stringify(body);
    this.calls.push(`${this.#clock.now() / 1000} ${name} ${text}`);
    const failure = this.#failures.shift();
    if (failure !== undefined) {
      throw failure;
    }
    const { status } = JSON.parse(text);
    if (!this.isWatchLate) {
      this.put(name, status);
    }
    return {} as Result;
  }
}

let clock: FakeClock;
let log: RecordingLog;
let pools: FakePools;
let usages: readonly PoolUsage[];
let writer: PoolStatusWriter;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLog();
  pools = new FakePools(clock);
  usages = [];
  writer = new PoolStatusWriter(
    { client: pools, namespace: "metallb-system", log, clock, random: () => 0.5 },
    { usages: () => usages, stored: (name) => pools.stored.get(name) },
  );
  pools.seen = (name) => writer.poolSeen(name);
  const stop = new AbortController();
  const running = writer.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
});

/** @param taken IPv4 addresses of 4 */
function usage(pool: string, taken: number): PoolUsage {
  const capacity = { IPv4: 4n, IPv6: 0n };
  return { pool, capacity, inUse: { IPv4: BigInt(taken), IPv6: 0n }, setAside: 1, services: taken };
}

function use(...next: readonly PoolUsage[]): void {
  usages = next;
  writer.usageChanged();
}

const status = (assignedIPv4: number, availableIPv4: number) => ({
  assignedIPv4,
  assignedIPv6: 0,
  availableIPv4,
  availableIPv6: 0,
});
const text = (assigned: number, available: number) =>
  JSON.stringify({ status: status(assigned, available) });

describe("writes", () => {
  test("what is taken and what is left, at once", async () => {
    pools.put("lab");
    use(usage("lab", 1));
    await clock.advance(0);
    expect(pools.calls).toEqual([`0 lab ${text(1, 3)}`]);
  });

  test("every digit of an int64", async () => {
    pools.put("countless");
    const capacity = { IPv4: 4n, IPv6: MOST };
    use({ pool: "countless", capacity, inUse: { IPv4: 0n, IPv6: 0n }, setAside: 0, services: 0 });
    await clock.advance(1000);
    use({ pool: "countless", capacity, inUse: { IPv4: 0n, IPv6: 1n }, setAside: 0, services: 1 });
    await clock.advance(1000);
    expect(pools.calls.join("\n")).toBe(
      [
        '0 countless {"status":{"assignedIPv4":0,"assignedIPv6":0,"availableIPv4":4,"availableIPv6":9223372036854775807}}',
        '1 countless {"status":{"assignedIPv4":0,"assignedIPv6":1,"availableIPv4":4,"availableIPv6":9223372036854775806}}',
      ].join("\n"),
    );
  });

  test("a change of the last digit that the watch's numbers do not show", async () => {
    pools.put("countless");
    const inUse = { IPv4: 0n, IPv6: 1n };
    use({ pool: "countless", capacity: { IPv4: 0n, IPv6: MOST }, inUse, setAside: 0, services: 1 });
    await clock.advance(1000);
    use({
      pool: "countless",
      capacity: { IPv4: 0n, IPv6: MOST - 1n },
      inUse,
      setAside: 0,
      services: 1,
    });
    await clock.advance(1000);
    expect(pools.calls.map((call) => /availableIPv6":(\d+)/.exec(call)?.[1])).toEqual([
      "9223372036854775806",
      "9223372036854775805",
    ]);
  });

  test("that nothing is left of a pool of which more is taken than it has", async () => {
    pools.put("lab");
    use(usage("lab", 6));
    await clock.advance(0);
    expect(pools.calls).toEqual([`0 lab ${text(6, 0)}`]);
  });

  test("each pool once a second at most, and then what holds by then", async () => {
    pools.put("lab");
    pools.put("other");
    use(usage("lab", 1), usage("other", 0));
    await clock.advance(200);
    use(usage("lab", 2), usage("other", 0));
    await clock.advance(200);
    use(usage("lab", 3), usage("other", 0));
    await clock.advance(5000);
    expect(pools.calls).toEqual([
      `0 lab ${text(1, 3)}`,
      `0 other ${text(0, 4)}`,
      `1 lab ${text(3, 1)}`,
    ]);
  });

  test("nothing for a change that was taken back in time", async () => {
    pools.put("lab");
    use(usage("lab", 1));
    await clock.advance(200);
    use(usage("lab", 2));
    await clock.advance(200);
    use(usage("lab", 1));
    await clock.advance(5000);
    expect(pools.calls).toHaveLength(1);
  });

  test("a pool that comes after its usage was told", async () => {
    use(usage("lab", 1));
    await clock.advance(1000);
    expect(pools.calls).toEqual([]);
    pools.put("lab");
    await clock.advance(0);
    expect(pools.calls).toEqual([`1 lab ${text(1, 3)}`]);
  });
});

describe("writes nothing", () => {
  test("when the cluster says it already", async () => {
    pools.put("lab", status(1, 3));
    pools.put("countless", { ...status(0, 0), availableIPv6: Number(MOST) });
    const capacity = { IPv4: 0n, IPv6: MOST };
    const inUse = { IPv4: 0n, IPv6: 0n };
    use(usage("lab", 1), { pool: "countless", capacity, inUse, setAside: 0, services: 0 });
    await clock.advance(5000);
    expect(pools.calls).toEqual([]);
  });

  test("when the same usage is told again, or another part of the pool changes", async () => {
    pools.put("lab");
    use(usage("lab", 1));
    await clock.advance(5000);
    use(usage("lab", 1));
    pools.seen("lab");
    await clock.advance(5000);
    expect(pools.calls).toHaveLength(1);
  });

  test("when the watch is late with what was written", async () => {
    pools.put("lab");
    pools.isWatchLate = true;
    use(usage("lab", 1));
    await clock.advance(200);
    pools.seen("lab");
    await clock.advance(300);
    pools.put("lab", status(1, 3));
    await clock.advance(5000);
    expect(pools.calls).toHaveLength(1);
  });

  test("to a pool of which no usage is told, or none any more", async () => {
    pools.put("lab");
    await clock.advance(1000);
    use(usage("lab", 1));
    await clock.advance(1000);
    use();
    await clock.advance(1000);
    pools.put("lab", status(4, 4));
    await clock.advance(5000);
    expect(pools.calls).toEqual([`1 lab ${text(1, 3)}`]);
  });
});

describe("puts right", () => {
  test.each([
    ["a changed number", status(0, 4)],
    ["a missing number", { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 3 }],
    ["text instead of a number", { ...status(1, 3), availableIPv4: "3" }],
    ["a status that was removed", undefined],
  ])("%s", async (_, foreign) => {
    pools.put("lab");
    use(usage("lab", 1));
    await clock.advance(5000);
    pools.put("lab", foreign);
    await clock.advance(0);
    expect(pools.calls).toEqual([`0 lab ${text(1, 3)}`, `5 lab ${text(1, 3)}`]);
  });

  test("what somebody changes again and again, once a second", async () => {
    pools.put("lab");
    use(usage("lab", 1));
    for (let round = 0; round < 40; round += 1) {
      await clock.advance(100);
      pools.put("lab", status(round, 4));
    }
    await clock.advance(5000);
    expect(pools.calls).toEqual([0, 1, 2, 3, 4, 5].map((second) => `${second} lab ${text(1, 3)}`));
  });
});

describe("when a write fails", () => {
  test("tries again with waits that grow, and never faster than once a second", async () => {
    pools.put("lab");
    pools.failNext(503, 503, 503);
    use(usage("lab", 1));
    await clock.advance(60_000);
    expect(pools.calls).toEqual([0, 2, 6, 14].map((second) => `${second} lab ${text(1, 3)}`));
    expect(log.told).toEqual(["warn work keeps failing", "info work works again"]);
  });

  test("writes the newest when it succeeds", async () => {
    pools.put("lab");
    pools.failNext(503);
    use(usage("lab", 1));
    await clock.advance(500);
    use(usage("lab", 2));
    await clock.advance(60_000);
    expect(pools.calls).toEqual([`0 lab ${text(1, 3)}`, `1 lab ${text(2, 2)}`]);
  });

  test("lets a pool go that is gone, and writes it when it is made anew", async () => {
    pools.put("lab");
    pools.failNext(404);
    use(usage("lab", 1));
    await clock.advance(0);
    pools.stored.delete("lab");
    pools.seen("lab");
    await clock.advance(60_000);
    expect(pools.calls).toHaveLength(1);
    expect(log.told).toEqual([]);
    pools.put("lab");
    await clock.advance(0);
    expect(pools.calls).toHaveLength(2);
  });
});
