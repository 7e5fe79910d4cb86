import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { CallOptions } from "./client.ts";
import { EventRecorder } from "./events.ts";
import { KubeError } from "./kube-error.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { RecordingLog } from "./testing/recording-log.ts";

interface Call {
  readonly verb: "post" | "patch";
  readonly path: string;
  readonly body: Record<string, unknown>;
}

let clock: FakeClock;
let log: RecordingLog;
let calls: Call[];
/** Each of the next calls is refused with one of these. */
let refusals: KubeError[];
let isBusy = false;
let recorder: EventRecorder;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLog();
  calls = [];
  refusals = [];
  stop = new AbortController();
  onTestFinished(() => stop.abort());
  isBusy = false;
  recorder = make();
});

function make(host?: string): EventRecorder {
  const answer =
    (verb: Call["verb"]) =>
    async <Result>(path: string, body: object, options?: CallOptions): Promise<Result> => {
      if (options?.signal?.aborted) {
        throw refusal(0);
      }
      calls.push({ verb, path, body: { ...body } });
      const refused = refusals.shift();
      if (refused !== undefined) {
        throw refused;
      }
      return {} as Result;
    };
  const client = { post: answer("post"), mergePatch: answer("patch") };
  return new EventRecorder(client, {
    component: host === undefined ? "herald-controller" : "herald-speaker",
    ...(host !== undefined && { host }),
    isBusy: () => isBusy,
    log,
    clock,
    random: () => 0.5,
  });
}

const refusal = (status: number, reason = "") => new KubeError({ status, reason, message: "" });

const service = {
  apiVersion: "v1",
  kind: "Service",
  namespace: "shop",
  name: "web",
  uid: "uid-1",
};

function record(message: string): void {
  recorder.record(service, "Normal", "IPAllocated", message);
}

async function started(): Promise<void> {
  void recorder.run(stop.signal);
  await clock.advance(0);
}

const posted = () =>
  calls.filter(({ verb }) => verb === "post").map(({ body: { message } }) => message);

describe("writes", () => {
  test("an Event as kubectl describe shows it", async () => {
    recorder = make("n1");
    record('Assigned IP ["192.0.2.10"]');
    await started();
    expect(calls).toEqual([
      {
        verb: "post",
        path: "/api/v1/namespaces/shop/events",
        body: {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: "shop" },
          involvedObject: service,
          type: "Normal",
          reason: "IPAllocated",
          message: 'Assigned IP ["192.0.2.10"]',
          count: 1,
          firstTimestamp: "2026-01-01T00:00:00.000Z",
          lastTimestamp: "2026-01-01T00:00:00.000Z",
          source: { component: "herald-speaker", host: "n1" },
          reportingComponent: "herald-speaker",
          reportingInstance: "n1",
        },
      },
    ]);
  });

  test("one about an object without namespace into the namespace default", async () => {
    const node = { apiVersion: "v1", kind: "Node", name: "n1", uid: "uid-2" };
    recorder.record(node, "Warning", "NoLink", "");
    await started();
    expect(calls[0]).toMatchObject({
      path: "/api/v1/namespaces/default/events",
      body: { metadata: { namespace: "default" }, involvedObject: node },
    });
  });

  test("one about an object of the longest name, with the longest message", async () => {
    const named = { ...service, name: "n".repeat(253) };
    recorder.record(named, "Normal", "Reason", "m".repeat(2000));
    await started();
    expect(calls[0]?.body).toMatchObject({
      metadata: { name: expect.stringMatching(/^n{236}\.[0-9a-f]{16}$/) },
      message: "m".repeat(1024),
    });
  });

  test("nothing before it runs, and everything in order then", async () => {
    record("1");
    record("2");
    await clock.advance(1000);
    expect(calls).toEqual([]);
    await started();
    record("3");
    await clock.advance(0);
    expect(posted()).toEqual(["1", "2", "3"]);
  });
});

describe("counts what happens again", () => {
  test("within ten minutes in the same Event", async () => {
    await started();
    record("same");
    await clock.advance(599_000);
    record("same");
    await clock.advance(599_000);
    record("same");
    await clock.advance(0);
    const path = expect.stringMatching(/^\/api\/v1\/namespaces\/shop\/events\/web\.[0-9a-f]{16}$/);
    expect(calls.slice(1)).toEqual([
      { verb: "patch", path, body: { count: 2, lastTimestamp: "2026-01-01T00:09:59.000Z" } },
      { verb: "patch", path, body: { count: 3, lastTimestamp: "2026-01-01T00:19:58.000Z" } },
    ]);
  });

  test("while it is queued", async () => {
    record("same");
    await clock.advance(2000);
    record("same");
    await started();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toMatchObject({
      count: 2,
      firstTimestamp: "2026-01-01T00:00:00.000Z",
      lastTimestamp: "2026-01-01T00:00:02.000Z",
    });
  });

  test("after ten minutes as another Event", async () => {
    await started();
    record("same");
    await clock.advance(600_000);
    record("same");
    await clock.advance(0);
    expect(posted()).toEqual(["same", "same"]);
  });

  test("as another Event when the first is no longer there", async () => {
    await started();
    record("same");
    await clock.advance(0);
    refusals.push(refusal(404));
    record("same");
    await clock.advance(0);
    expect(calls.map(({ verb }) => verb)).toEqual(["post", "patch", "post"]);
  });

  test.each([
    ["object", { ...service, uid: "uid-2" }, "Normal", "R", "m"],
    ["type", service, "Warning", "R", "m"],
    ["reason", service, "Normal", "Other", "m"],
    ["message", service, "Normal", "R", "other"],
  ] as const)("but not with another %s", async (_, regarding, type, reason, message) => {
    await started();
    recorder.record(service, "Normal", "R", "m");
    recorder.record(regarding, type, reason, message);
    await clock.advance(0);
    expect(posted()).toHaveLength(2);
  });
});

describe("when the server", () => {
  test("is away, goes on once it is back", async () => {
    refusals = Array.from({ length: 3 }, () => refusal(0, "ECONNREFUSED"));
    await started();
    record("1");
    record("2");
    await clock.advance(1000 + 2000 + 4000);
    expect(posted().slice(3)).toEqual(["1", "2"]);
    expect(log.told).toEqual([
      "warn writing of Events keeps failing",
      "info writing of Events works again",
    ]);
  });

  test("refuses an Event, leaves it", async () => {
    refusals = [refusal(403, "Forbidden"), refusal(422, "Invalid")];
    await started();
    for (const message of ["1", "2", "3"]) {
      record(message);
    }
    await clock.advance(0);
    expect(posted()).toEqual(["1", "2", "3"]);
  });

  test("has written an Event of which the answer was lost, does not write it twice", async () => {
    refusals = [refusal(0, "Timeout"), refusal(409, "AlreadyExists")];
    await started();
    record("1");
    await clock.advance(1000);
    const [first, second] = calls.map(({ body: { metadata } }) => metadata);
    expect(second).toEqual(first);
    record("1");
    await clock.advance(0);
    expect(calls.map(({ verb }) => verb)).toEqual(["post", "post", "patch"]);
  });

  test("fails for one Event for ever, gives that one up", async () => {
    refusals = Array.from({ length: 12 }, () => refusal(500));
    await started();
    record("1");
    record("2");
    await clock.advance(600_000);
    expect(posted().slice(12)).toEqual(["2"]);
  });
});

describe("while something more urgent is under way", () => {
  test("waits for it", async () => {
    isBusy = true;
    await started();
    record("1");
    await clock.advance(119_000);
    expect(posted()).toEqual([]);
    isBusy = false;
    await clock.advance(100);
    expect(posted()).toEqual(["1"]);
  });

  test("counts what happens again until then", async () => {
    isBusy = true;
    await started();
    record("1");
    await clock.advance(100);
    record("1");
    isBusy = false;
    await clock.advance(100);
    expect(calls.map(({ verb, body }) => [verb, body["count"]])).toEqual([["post", 2]]);
  });

  test("waits for two minutes at most", async () => {
    isBusy = true;
    await started();
    record("1");
    await clock.advance(121_000);
    expect(posted()).toEqual(["1"]);
  });
});

test("drops the oldest when too many are queued, and says so once", async () => {
  for (let index = 0; index < 20_005; index += 1) {
    record(String(index));
  }
  await started();
  expect(posted()).toHaveLength(20_000);
  expect(posted()[0]).toBe("5");
  expect(log.told).toEqual(["warn Events are lost, more happens than can be written"]);
});

describe("at the end", () => {
  test("writes what is queued", async () => {
    const running = recorder.run(stop.signal);
    record("1");
    stop.abort();
    await running;
    expect(posted()).toEqual(["1"]);
    expect(clock.sleeping).toEqual([]);
  });

  test("waits three seconds for a server that is away", async () => {
    refusals = Array.from({ length: 9 }, () => refusal(0));
    const running = recorder.run(stop.signal);
    record("1");
    await clock.advance(0);
    stop.abort();
    await clock.advance(3000);
    await running;
    expect(clock.sleeping).toEqual([]);
  });

  test("has nothing to wait for when nothing was recorded", async () => {
    const running = recorder.run(stop.signal);
    stop.abort();
    await running;
    expect(clock.sleeping).toEqual([]);
  });
});
