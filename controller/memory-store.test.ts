import { describe, expect, it, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MAX_RELEASED, ReleasedAddresses } from "#lib/allocation/released-addresses.ts";
import { FIRST_HOLD_MS, MAX_SET_ASIDE, SetAsideAddresses } from "#lib/allocation/set-aside.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { MemoryStore } from "./memory-store.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const LINE = "192.0.2.10 default/web 2026-01-02T03:04:05.678Z";
const web = { ip: parseIp("192.0.2.10"), service: "default/web", atMs: AT };

const NOTHING = { released: [], setAside: [] };

/** The ConfigMap in an API server that can refuse. */
class Shelf {
  readonly writes: string[] = [];
  data: { readonly released: string; readonly "set-aside": string } | undefined;
  error: KubeError | undefined;

  async get<Result>(): Promise<Result> {
    this.#refuse();
    if (this.data === undefined) {
      throw new KubeError({ status: 404, reason: "NotFound", message: "not found" });
    }
    return { data: this.data } as Result;
  }

  async apply<Result>(path: string, body: object): Promise<Result> {
    this.#refuse();
    this.writes.push(path);
    this.data = (body as Shelf).data;
    return {} as Result;
  }

  #refuse(): void {
    if (this.error !== undefined) {
      throw this.error;
    }
  }
}

function storeOf(shelf: Shelf) {
  const released = new ReleasedAddresses();
  const setAside = new SetAsideAddresses(FIRST_HOLD_MS);
  const clock = new FakeClock();
  const log = new RecordingLog();
  const options = { client: shelf, namespace: "metallb-system", log, clock };
  const store = new MemoryStore(options, { released, setAside });
  return { store, released, setAside, clock, log };
}

describe("the ConfigMap", () => {
  it("is written at once, then once a second at most", async () => {
    const shelf = new Shelf();
    const { store, released, clock } = storeOf(shelf);
    const stop = new AbortController();
    const run = store.run(stop.signal);
    released.add("default/web", [web.ip], AT);
    store.changed();
    await clock.advance(1);
    expect(shelf.data).toEqual({ released: `${LINE}\n`, "set-aside": "" });
    for (let index = 0; index < 20; index += 1) {
      released.add(`default/s${index}`, [web.ip], AT);
      store.changed();
      await clock.advance(100);
    }
    expect(shelf.writes).toHaveLength(3);
    stop.abort();
    await run;
  });

  it("has what was released and set aside before a restart, the last moment included", async () => {
    const shelf = new Shelf();
    const { store, released, setAside, clock } = storeOf(shelf);
    const stop = new AbortController();
    const run = store.run(stop.signal);
    released.add("default/api", [parseIp("192.0.2.9")], AT);
    store.changed();
    await clock.advance(1);
    released.add("default/web", [web.ip], AT);
    store.changed();
    setAside.add(web.ip, AT);
    store.changed();
    stop.abort();
    await run;
    const again = await storeOf(shelf).store.read(new AbortController().signal);
    expect(again).toEqual({ released: [...released], setAside: [...setAside] });
  });

  it("is not written when nothing was released", async () => {
    const shelf = new Shelf();
    const { store, released, clock } = storeOf(shelf);
    const stop = new AbortController();
    const run = store.run(stop.signal);
    store.changed();
    released.restore([web]);
    store.changed();
    await clock.advance(5000);
    stop.abort();
    await run;
    expect(shelf.writes).toEqual([]);
  });

  it("has room for all that is remembered, with the longest names and addresses that there are", async () => {
    const shelf = new Shelf();
    const { store, released, setAside } = storeOf(shelf);
    for (let index = 0; index < MAX_RELEASED; index += 1) {
      const ip = { family: "IPv6", value: 2n ** 128n - 1n - BigInt(index) } as const;
      const [namespace, name] = ["n".repeat(63), String(index).padStart(63, "w")];
      released.add(`${namespace}/${name}`, [ip], AT);
    }
    for (let index = 0; index < MAX_SET_ASIDE; index += 1) {
      const ip = { family: "IPv6", value: 2n ** 128n - 1n - BigInt(index) } as const;
      setAside.add(ip, AT);
    }
    store.changed();
    await store.run(AbortSignal.abort());
    expect(Object.values(shelf.data ?? {}).join("").length).toBeLessThan(2 ** 20);
    expect(await store.read(new AbortController().signal)).toEqual({
      released: [...released],
      setAside: [...setAside],
    });
  });

  test("that does not exist is empty", async () => {
    const { store } = storeOf(new Shelf());
    expect(await store.read(new AbortController().signal)).toEqual(NOTHING);
  });

  test("that may not be read is empty, with a warning", async () => {
    const shelf = new Shelf();
    shelf.error = new KubeError({ status: 403, reason: "Forbidden", message: "forbidden" });
    const { store, log } = storeOf(shelf);
    expect(await store.read(new AbortController().signal)).toEqual(NOTHING);
    expect(log.told).toEqual(["warn address memory cannot be read"]);
  });

  test("is asked for again when nobody answers", async () => {
    const shelf = new Shelf();
    shelf.error = new KubeError({ status: 503, reason: "Unavailable", message: "away" });
    await expect(storeOf(shelf).store.read(new AbortController().signal)).rejects.toThrow("away");
  });
});
