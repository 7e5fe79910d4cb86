import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { KubeClient } from "./client.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { COLLECTION, type FakeObject, type Fault, FaultServer } from "./testing/fault-server.ts";
import { RecordingLog } from "./testing/recording-log.ts";

vi.setConfig({ testTimeout: 60_000 });

let server: FaultServer;
let clock: FakeClock;
let log: RecordingLog;
let reflector: Reflector<FakeObject, FakeObject>;
/** What a handler was told. */
let told: string[];
let stop: AbortController;

beforeEach(async () => {
  server = await FaultServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.put("a", "1");
  server.put("b", "1");
  clock = new FakeClock();
  log = new RecordingLog();
  told = [];
  stop = new AbortController();
  reflector = make();
  reflector.on({
    added: ({ metadata, data }) => told.push(`+${metadata.name}=${data}`),
    updated: ({ metadata, data }, old) => told.push(`${metadata.name}=${old.data}>${data}`),
    deleted: ({ metadata, data }) => told.push(`-${metadata.name}=${data}`),
    synced: () => told.push("synced"),
  });
});

function make(
  options: Partial<ReflectorOptions<FakeObject, FakeObject>> = {},
): Reflector<FakeObject, FakeObject> {
  const client = new KubeClient({ credentials: server.credentials, userAgent: "test", log, clock });
  const project = (raw: FakeObject) => raw;
  const seams = { clock, log, random: () => 0.5 };
  return new Reflector(client, { path: COLLECTION, project, ...seams, ...options });
}

/** Waits for real I/O; the deadline only ends a test that would hang. */
const soon = (read: () => unknown) => expect.poll(read, { interval: 2, timeout: 20_000 });

/** The same, while time passes. */
const later = (read: () => unknown) =>
  soon(async () => {
    await clock.advance(400);
    return read();
  });

function run(): Promise<void> {
  const running = reflector.run(stop.signal);
  const end = stop;
  onTestFinished(async () => {
    end.abort();
    await running;
  });
  return running;
}

async function runUntilSynced(): Promise<void> {
  void run();
  await reflector.synced;
}

function copy(): Record<string, string> {
  const entries = Array.from(reflector.values(), ({ metadata, data }) => [
    `${metadata.namespace}/${metadata.name}`,
    data,
  ]);
  return Object.fromEntries(entries.sort());
}

const last = () => server.requests.at(-1)?.query;

describe("without faults", () => {
  test("fills the copy by WatchList and follows every change", async () => {
    await runUntilSynced();
    server.put("a", "2");
    server.delete("b");
    server.put("c", "1");
    await soon(() => told).toEqual(["+a=1", "+b=1", "synced", "a=1>2", "-b=1", "+c=1"]);
    expect(server.asked).toEqual(["watch-list"]);
    expect(reflector.get("default/a")?.data).toBe("2");
    expect([...reflector.values()]).toHaveLength(2);
    expect(log.told).toEqual([]);
  });

  test("asks for bookmarks, for an end in 5 to 10 minutes, and for what the selector chooses", async () => {
    reflector = make({ fieldSelector: "spec.type=LoadBalancer" });
    await runUntilSynced();
    expect(Object.fromEntries(last() ?? [])).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      timeoutSeconds: "450",
      fieldSelector: "spec.type=LoadBalancer",
    });
  });

  test("lists page by page on a server without WatchList", async () => {
    server.watchList = false;
    for (let index = 0; index < 1001; index += 1) {
      server.put(`n${index}`, "1");
    }
    await runUntilSynced();
    await soon(() => server.asked).toEqual(["watch-list", "list", "list", "list", "watch"]);
    expect(copy()).toEqual(server.contents);
    expect(log.told).toEqual([]);
  });

  test("gives the same objects from LIST as from WATCH", async () => {
    await runUntilSynced();
    const watched = [...reflector.values()];
    server.watchList = false;
    stop = new AbortController();
    reflector = make();
    await runUntilSynced();
    expect([...reflector.values()]).toEqual(watched);
  });

  test("takes a listing of 130,000 objects", async () => {
    server.watchList = false;
    const items = Array.from({ length: 130_000 }, (_, index) => ({
      metadata: { name: `n${index}`, uid: `${index}`, resourceVersion: "1" },
    }));
    const body = JSON.stringify({ metadata: { resourceVersion: "3" }, items });
    server.script("list", { kind: "body", body });
    await runUntilSynced();
    expect([...reflector.values()]).toHaveLength(130_000);
    expect(reflector.get("n129999")).toBeDefined();
  });

  test("keeps a watch on which something comes each minute", async () => {
    await runUntilSynced();
    for (const minute of ["1", "2", "3", "4", "5"]) {
      await clock.advance(60_000);
      server.bookmark();
      server.put("minute", minute);
      await soon(copy).toEqual(server.contents);
    }
    expect(server.asked).toEqual(["watch-list"]);
  });

  test("resumes after the last bookmark", async () => {
    await runUntilSynced();
    server.put("c", "1");
    server.bookmark("900");
    await soon(copy).toEqual(server.contents);
    server.dropConnections();
    await later(() => server.asked).toEqual(["watch-list", "watch"]);
    expect(last()?.get("resourceVersion")).toBe("900");
  });

  test("tells one who comes late what is there", async () => {
    await runUntilSynced();
    const late: string[] = [];
    reflector.on({
      added: ({ metadata }) => late.push(metadata.name),
      synced: () => late.push("synced"),
    });
    expect(late).toEqual(["a", "b", "synced"]);
  });
});

const REFUSALS: readonly [string, ...Fault[]][] = [
  ["a reset connection", { kind: "reset" }],
  ["429", { kind: "refuse", status: 429 }],
  ["500", { kind: "refuse", status: 500 }],
  ["503", { kind: "refuse", status: 503 }],
  ["504", { kind: "refuse", status: 504, message: "Too large resource version: 9, current: 4" }],
  ["401, twice", { kind: "refuse", status: 401 }, { kind: "refuse", status: 401 }],
  ["403", { kind: "refuse", status: 403, message: "things is forbidden" }],
  ["404", { kind: "refuse", status: 404 }],
  ["410", { kind: "refuse", status: 410 }],
  ["a page of a proxy", { kind: "body", body: "<html>\n</html>\n" }],
  ["an empty body", { kind: "body", body: "" }],
  ["a body that is no list", { kind: "body", body: "{}\n" }],
  ["an answer cut short", { kind: "cut", afterBytes: 40 }],
];

describe.each(REFUSALS)("after %s", (_, ...faults) => {
  test("of the WatchList, lists what exists", async () => {
    server.script("watch-list", ...faults);
    void run();
    await later(copy).toEqual(server.contents);
    expect(told).toEqual(["+a=1", "+b=1", "synced"]);
  });

  test("of the LIST, lists what exists", async () => {
    server.watchList = false;
    server.script("list", ...faults);
    void run();
    await later(copy).toEqual(server.contents);
    expect(told).toEqual(["+a=1", "+b=1", "synced"]);
  });

  test("of a later watch, brings what was missed", async () => {
    await runUntilSynced();
    server.script("watch", ...faults);
    server.dropConnections();
    server.put("a", "2");
    server.delete("b");
    server.put("c", "1");
    await later(copy).toEqual(server.contents);
    expect(told.slice(3).sort()).toEqual(["+c=1", "-b=1", "a=1>2"]);
  });
});

describe("between attempts", () => {
  test("waits twice as long each time", async () => {
    server.script("watch-list", ...Array<Fault>(6).fill({ kind: "reset" }));
    void run();
    for (const wait of [800, 1600, 3200, 6400, 12_800, 25_600]) {
      await soon(() => clock.sleeping).toEqual([wait]);
      await clock.advance(wait);
    }
    await soon(copy).toEqual(server.contents);
  });

  test("waits as long as Retry-After says, and a little more", async () => {
    const headers = { "retry-after": "7" };
    server.script("watch-list", { kind: "refuse", status: 429, headers });
    void run();
    await soon(() => clock.sleeping).toEqual([7800]);
  });

  test("begins with the short wait again after a stream that held", async () => {
    server.script("watch-list", { kind: "reset" }, { kind: "reset" });
    void run();
    await later(() => reflector.hasSynced).toBe(true);
    await clock.advance(1000);
    server.dropConnections();
    await soon(() => clock.sleeping).toEqual([800]);
  });

  test("reconnects at once after a stream that held and was closed in order", async () => {
    await runUntilSynced();
    await clock.advance(1000);
    server.endWatches();
    await soon(() => server.asked).toEqual(["watch-list", "watch"]);
    expect(log.told).toEqual([]);
  });

  test("waits after a stream that was closed at once", async () => {
    await runUntilSynced();
    server.endWatches();
    await soon(() => clock.sleeping).toEqual([800]);
  });
});

const error = (code: number, reason: string) =>
  `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code, reason, message: reason } })}\n`;

describe("a place in history", () => {
  test("is kept through a broken connection", async () => {
    await runUntilSynced();
    server.dropConnections();
    await later(() => server.asked).toEqual(["watch-list", "watch"]);
    expect(last()?.get("resourceVersion")).toBe("3");
  });

  test.each([
    ["an ERROR event 500", error(500, "InternalError")],
    ["a line that is not JSON", '{"type":"ADDED","obj\n'],
    ["an event of an unknown type", '{"type":"MOVED","object":{}}\n'],
    ["an object without a name", '{"type":"ADDED","object":{"metadata":{}}}\n'],
  ])("is kept through %s, so that no event is lost", async (_, line) => {
    await runUntilSynced();
    server.send(line);
    await soon(() => clock.sleeping).toEqual([800]);
    server.put("a", "2");
    await later(copy).toEqual(server.contents);
    expect(server.asked).toEqual(["watch-list", "watch"]);
    expect(last()?.get("resourceVersion")).toBe("3");
  });

  test("that the server has forgotten leads to a new list, after a wait", async () => {
    await runUntilSynced();
    server.put("unseen", "1");
    await soon(copy).toEqual(server.contents);
    server.dropConnections();
    server.put("c", "1");
    server.forgetHistory();
    await soon(() => clock.sleeping).toEqual([800]);
    await clock.advance(800);
    await soon(() => clock.sleeping).toEqual([1600]);
    expect(server.asked).toEqual(["watch-list", "watch"]);
    await clock.advance(1600);
    await soon(copy).toEqual(server.contents);
    expect(server.asked).toEqual(["watch-list", "watch", "watch-list"]);
  });

  test("that ends in an ERROR event 410 leads to a new list, after a wait", async () => {
    await runUntilSynced();
    server.send(error(410, "Expired"));
    await soon(() => clock.sleeping).toEqual([800]);
    expect(server.asked).toEqual(["watch-list"]);
    await clock.advance(800);
    await soon(() => server.asked).toEqual(["watch-list", "watch-list"]);
  });

  test("that is lost tells what is gone before what is new", async () => {
    await runUntilSynced();
    server.dropConnections();
    server.put("c", "1");
    server.delete("b");
    server.put("a", "2");
    server.forgetHistory();
    await later(copy).toEqual(server.contents);
    expect(told.slice(3)).toEqual(["-b=1", "a=1>2", "+c=1"]);
  });

  test.each([
    ["and history", () => undefined],
    ["and none", () => server.forgetHistory()],
  ])(
    "tells of an object replaced meanwhile, with a gap %s, as one gone and one new",
    async (_, forget) => {
      await runUntilSynced();
      server.dropConnections();
      server.delete("a");
      server.put("a", "2");
      forget();
      await later(copy).toEqual(server.contents);
      expect(told.slice(3)).toEqual(["-a=1", "+a=2"]);
    },
  );
});

describe("silence", () => {
  test("of a stream ends it after 90 s", async () => {
    await runUntilSynced();
    await clock.advance(89_999);
    expect(server.asked).toEqual(["watch-list"]);
    await clock.advance(1);
    await soon(() => server.asked).toEqual(["watch-list", "watch"]);
    expect(log.told).toEqual([]);
  });

  test.each(["request", "headers"] as const)(
    "after the %s of a WatchList is not for ever",
    async (after) => {
      server.script("watch-list", { kind: "silence", after });
      void run();
      await later(copy).toEqual(server.contents);
    },
  );

  test.each(["request", "headers"] as const)(
    "after the %s of a LIST is not for ever",
    async (after) => {
      server.watchList = false;
      server.script("list", { kind: "silence", after });
      void run();
      await later(copy).toEqual(server.contents);
    },
  );
});

describe("a handler that throws", () => {
  test.each([true, false])(
    "concerns no other handler and no other object (WatchList: %s)",
    async (watchList) => {
      server.watchList = watchList;
      const late: string[] = [];
      reflector.on({
        added: () => {
          throw new Error("broken handler");
        },
      });
      reflector.on({ added: ({ metadata }) => late.push(metadata.name) });
      await runUntilSynced();
      server.put("c", "1");
      await soon(() => late).toEqual(["a", "b", "c"]);
      expect(log.told).toEqual(Array(3).fill("error handler of a watch threw"));
      expect(log.lines.at(-1)?.fields).toMatchObject({
        error: expect.stringContaining("broken handler"),
      });
    },
  );

  test("in the projection leaves the object as it was known", async () => {
    reflector = make({
      project: (raw) => {
        if (raw.data === "bad") {
          throw new Error("cannot project");
        }
        return raw;
      },
    });
    server.put("b", "bad");
    await runUntilSynced();
    server.put("a", "bad");
    server.put("c", "1");
    await soon(copy).toEqual({ "default/a": "1", "default/c": "1" });
    expect(log.told).toEqual(Array(2).fill("error object of a watch cannot be used"));
  });
});

describe("the end", () => {
  test.each(["request", "headers"] as const)(
    "comes at once while it waits after the %s",
    async (after) => {
      server.script("watch-list", { kind: "silence", after });
      const running = run();
      await soon(() => server.requests.length).toBe(1);
      stop.abort();
      await running;
      expect(log.lines).toEqual([]);
      expect(clock.sleeping).toEqual([]);
    },
  );

  test("comes at once while it waits to try again", async () => {
    server.script("watch-list", { kind: "reset" });
    const running = run();
    await soon(() => clock.sleeping).toEqual([800]);
    stop.abort();
    await running;
    expect(clock.sleeping).toEqual([]);
  });

  test("is the end of telling, in the middle of a chunk too", async () => {
    const running = run();
    reflector.on({ added: ({ metadata }) => metadata.name === "c" && stop.abort() });
    await reflector.synced;
    const [c, d] = ["c", "d"].map((name) => ({
      type: "ADDED",
      object: { metadata: { name, uid: name, resourceVersion: "9" }, data: "1" },
    }));
    server.send(`${JSON.stringify(c)}\n${JSON.stringify(d)}\n`);
    await running;
    expect(told).toEqual(["+a=1", "+b=1", "synced", "+c=1"]);
    await soon(() => server.openWatches).toBe(0);
  });

  test("before the start leaves nothing to do", async () => {
    stop.abort();
    await run();
    expect(server.requests).toEqual([]);
  });

  test("may be followed by another start", async () => {
    const first = run();
    await reflector.synced;
    stop.abort();
    await first;
    server.put("a", "2");
    stop = new AbortController();
    void run();
    await soon(copy).toEqual(server.contents);
  });
});

test("refuses to run twice at once, and runs on", async () => {
  await runUntilSynced();
  await expect(reflector.run(stop.signal)).rejects.toThrow(
    "The reflector of /api/v1/things runs already",
  );
  server.put("a", "2");
  await soon(copy).toEqual(server.contents);
  expect(server.openWatches).toBe(1);
});

describe("the log", () => {
  test("says nothing of one failed attempt", async () => {
    server.script("watch-list", { kind: "reset" });
    void run();
    await later(() => reflector.hasSynced).toBe(true);
    await clock.advance(1000);
    expect(log.told).toEqual([]);
  });

  test("says once that a failure lasts, and once that it is over", async () => {
    server.script("watch-list", ...Array<Fault>(5).fill({ kind: "refuse", status: 503 }));
    void run();
    await later(() => reflector.hasSynced).toBe(true);
    await clock.advance(1000);
    expect(log.told).toEqual(["warn watch keeps failing", "info watch works again"]);
  });

  test("says it again when the failure is another one", async () => {
    const forbidden = { kind: "refuse", status: 403, message: "things is forbidden" } as const;
    server.script("watch-list", { kind: "reset" }, { kind: "reset" }, forbidden, forbidden);
    void run();
    await later(() => reflector.hasSynced).toBe(true);
    expect(log.told.slice(0, 2)).toEqual(Array(2).fill("warn watch keeps failing"));
  });

  test.each([
    [
      400,
      "field label not supported: spec.type",
      "this API server is too old for the field selector: upgrade it",
    ],
    [
      403,
      'things is forbidden: User "u" cannot watch resource "things"',
      "grant this verb and resource to the ServiceAccount by a ClusterRole",
    ],
    [
      404,
      "the server could not find the requested resource",
      "install the CustomResourceDefinition",
    ],
  ])("names the mend of a %d", async (status, message, mend) => {
    server.script("watch-list", ...Array<Fault>(3).fill({ kind: "refuse", status, message }));
    void run();
    await later(() => log.told).toContain("warn watch keeps failing");
    const line = log.lines.find(({ level }) => level === "warn");
    const sentence = `GET ${COLLECTION} was refused with ${status}: ${message}: ${mend}`;
    expect(line?.fields).toMatchObject({ path: COLLECTION, error: sentence });
  });
});
