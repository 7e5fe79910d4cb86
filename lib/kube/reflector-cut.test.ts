import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { aborted } from "./aborted.ts";
import { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import { Reflector } from "./reflector.ts";
import { COLLECTION, type FakeObject, FaultServer } from "./testing/fault-server.ts";
import { RecordingLog } from "./testing/recording-log.ts";

/** No deadline is ever reached; only a wait of nothing ends. */
const clock: Clock = {
  now: () => 0,
  wall: () => 0,
  delay: async (ms, signal) => {
    await (ms === 0 ? setImmediate() : aborted(signal));
  },
};

/** Makes every wait between attempts one of nothing. */
const random = () => -0.5;

/** Runs through some changes while the first answer is cut, and gives the number of requests that it took. */
async function follow(cutAfterBytes: number): Promise<number> {
  await using server = await FaultServer.start();
  server.put("a", "1");
  server.put("b", "1");
  server.script("watch-list", { kind: "cut", afterBytes: cutAfterBytes });
  const log = new RecordingLog();
  using client = new KubeClient({ credentials: server.credentials, userAgent: "", log, clock });
  const reflector = new Reflector(client, {
    path: COLLECTION,
    project: (raw: FakeObject) => raw,
    log,
    clock,
    random,
  });
  const told = new Map<string, string>();
  const stop = new AbortController();
  const compare = () => {
    const copy = Object.fromEntries([...told].sort());
    if (told.has("default/c") && JSON.stringify(copy) === JSON.stringify(server.contents)) {
      stop.abort();
    }
  };
  reflector.on({
    added: ({ metadata: { name }, data }) => {
      expect(told.has(`default/${name}`)).toBe(false);
      told.set(`default/${name}`, data);
      compare();
    },
    updated: ({ metadata: { name }, data }, old) => {
      expect(told.get(`default/${name}`)).toBe(old.data);
      told.set(`default/${name}`, data);
      compare();
    },
    deleted: ({ metadata: { name }, data }) => {
      expect(told.get(`default/${name}`)).toBe(data);
      told.delete(`default/${name}`);
      compare();
    },
    synced: () => {
      server.put("a", "2");
      server.delete("b");
      server.put("b", "2");
      server.put("c", "1");
      compare();
    },
  });
  await reflector.run(stop.signal);
  expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  return server.requests.length;
}

test("holds the same as the server, wherever a stream is cut", { timeout: 60_000 }, async () => {
  let cuts = 0;
  while ((await follow(cuts)) > 1) {
    cuts += 1;
  }
  expect(cuts).toBeGreaterThan(1000);
});
