import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MAX_RELEASED, ReleasedAddresses } from "#lib/allocation/released-addresses.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { formatReleased, parseReleased, ReleasedStore } from "./released-store.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const LINE = "192.0.2.10 default/web 2026-01-02T03:04:05.678Z";
const web = { ip: parseIp("192.0.2.10"), service: "default/web", atMs: AT };

/** The ConfigMap in an API server that can refuse. */
class Shelf {
  readonly writes: string[] = [];
  text: string | undefined;
  error: KubeError | undefined;

  async get<Result>(): Promise<Result> {
    this.#refuse();
    if (this.text === undefined) {
      throw new KubeError({ status: 404, reason: "NotFound", message: "not found" });
    }
    return { data: { released: this.text } } as Result;
  }

  async apply<Result>(path: string, body: object): Promise<Result> {
    this.#refuse();
    this.writes.push(path);
    this.text = (body as { data: { released: string } }).data.released;
    return {} as Result;
  }

  #refuse(): void {
    if (this.error !== undefined) {
      throw this.error;
    }
  }
}

function storeOf(shelf: Shelf, released = new ReleasedAddresses(), clock = new FakeClock()) {
  const log = new RecordingLog();
  const options = { client: shelf, namespace: "metallb-system", log, clock };
  return { store: new ReleasedStore(options, () => released), released, clock, log };
}

describe("what was released", () => {
  it("is a line for each address, and is read again", () => {
    expect(formatReleased([web])).toBe(`${LINE}\n`);
    expect(parseReleased(`${LINE}\n`)).toEqual({ released: [web], unreadable: 0 });
  });

  it.each([
    ["an address that is none", "192.0.2.x default/web 2026-01-02T03:04:05.678Z"],
    ["a name without namespace", "192.0.2.10 web 2026-01-02T03:04:05.678Z"],
    ["no instant", "192.0.2.10 default/web yesterday"],
    ["too few words", "192.0.2.10"],
    ["too many words", `${LINE} again`],
    ["a megabyte", "x".repeat(1e6)],
  ])("is passed over where a line has %s", (_, line) => {
    expect(parseReleased(`${line}\n${LINE}\n`)).toEqual({ released: [web], unreadable: 1 });
  });

  it("is bounded: the last are kept", () => {
    const many = Array.from({ length: MAX_RELEASED + 5 }, (_, index) => ({
      ip: { family: "IPv4", value: BigInt(index) } as const,
      service: `default/s${index}`,
      atMs: index,
    }));
    const { released } = parseReleased(formatReleased(many));
    expect(released).toHaveLength(MAX_RELEASED);
    expect(released.at(-1)).toEqual(many.at(-1));
    expect(released[0]).toEqual(many[5]);
  });

  it("is text of any kind without harm", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(parseReleased(text).released.length).toBeLessThanOrEqual(MAX_RELEASED);
      }),
    );
  });
});

describe("the ConfigMap", () => {
  it("is written at once, then once a second at most", async () => {
    const shelf = new Shelf();
    const { store, released, clock } = storeOf(shelf);
    const stop = new AbortController();
    const run = store.run(stop.signal);
    released.add("default/web", [web.ip], AT);
    store.changed();
    await clock.advance(1);
    expect(shelf.text).toBe(`${LINE}\n`);
    for (let index = 0; index < 20; index += 1) {
      released.add(`default/s${index}`, [web.ip], AT);
      store.changed();
      await clock.advance(100);
    }
    expect(shelf.writes).toHaveLength(3);
    stop.abort();
    await run;
  });

  it("has what was released before a restart, the last moment included", async () => {
    const shelf = new Shelf();
    const { store, released, clock } = storeOf(shelf);
    const stop = new AbortController();
    const run = store.run(stop.signal);
    released.add("default/api", [parseIp("192.0.2.9")], AT);
    store.changed();
    await clock.advance(1);
    released.add("default/web", [web.ip], AT);
    store.changed();
    stop.abort();
    await run;
    const again = await storeOf(shelf).store.read(new AbortController().signal);
    expect(again.map(({ service }) => service)).toEqual(["default/api", "default/web"]);
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

  test("that does not exist is empty", async () => {
    expect(await storeOf(new Shelf()).store.read(new AbortController().signal)).toEqual([]);
  });

  test("that may not be read is empty, with a warning", async () => {
    const shelf = new Shelf();
    shelf.error = new KubeError({ status: 403, reason: "Forbidden", message: "forbidden" });
    const { store, log } = storeOf(shelf);
    expect(await store.read(new AbortController().signal)).toEqual([]);
    expect(log.told).toEqual(["warn released addresses cannot be read"]);
  });

  test("is asked for again when nobody answers", async () => {
    const shelf = new Shelf();
    shelf.error = new KubeError({ status: 503, reason: "Unavailable", message: "away" });
    await expect(storeOf(shelf).store.read(new AbortController().signal)).rejects.toThrow("away");
  });
});
