import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import type { Snapshot } from "./snapshot.ts";
import { SnapshotKeeper } from "./snapshot-keeper.ts";

const SECRET = new TextEncoder().encode("a secret that all speakers share");
const NOW_MS = Date.UTC(2026, 0, 1);

type Taken = Omit<Snapshot, "takenAtMs">;

function tableOf(...services: readonly string[]): Taken {
  return {
    rows: services.map((service) => ({ service, ips: ["192.0.2.10"], order: ["n1"] })),
    members: [{ name: "n1", addresses: ["192.0.2.1"] }],
  };
}

let directory: string;
let file: string;
let log: RecordingLog;
let clock: FakeClock;
/** What is to be kept. */
let table: Taken | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "herald-snapshot-"));
  file = join(directory, "speaker.snapshot");
  log = new RecordingLog();
  clock = new FakeClock();
  table = tableOf("default/web");
  onTestFinished(() => rm(directory, { recursive: true }));
});

function keeper(node = "n1", secret: Uint8Array | undefined = SECRET): SnapshotKeeper {
  const made = new SnapshotKeeper({ directory, node, log, clock, take: () => table });
  if (secret !== undefined) {
    made.setSecret(secret);
  }
  return made;
}

/** Keeps until the end of the test, or until it is told to stop, which it does when all is written. */
function run(kept: SnapshotKeeper): () => Promise<void> {
  const stop = new AbortController();
  const running = kept.run(stop.signal);
  const end = () => {
    stop.abort();
    return running;
  };
  onTestFinished(end);
  return end;
}

/** Waits until the keeper rests after a write that succeeded or failed. */
async function rested(): Promise<void> {
  await vi.waitFor(() => expect(clock.sleeping).toHaveLength(1));
}

/** Writes the table as it is, as one whole life of a speaker. */
async function keepOnce(kept = keeper()): Promise<void> {
  const end = run(kept);
  await rested();
  await end();
}

async function servicesRead(kept = keeper()): Promise<readonly string[] | undefined> {
  return (await kept.read())?.rows.map(({ service }) => service);
}

test("the next speaker on the node reads what the last one kept, and when", async () => {
  await keepOnce();
  expect(await keeper().read()).toEqual({ ...tableOf("default/web"), takenAtMs: NOW_MS });
  expect(log.told).toEqual([]);
});

test("what is kept is one file that only its owner reads, and shows nothing", async () => {
  await keepOnce();
  expect(await readdir(directory)).toEqual(["speaker.snapshot"]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file)).includes("default/web")).toBe(false);
});

describe("is written", () => {
  test("once a second however often it changes, and not at all without a change", async () => {
    const kept = keeper();
    run(kept);
    await rested();
    for (const service of ["default/a", "default/b", "default/c"]) {
      table = tableOf(service);
      kept.changed();
    }
    await clock.advance(999);
    expect(await servicesRead()).toEqual(["default/web"]);
    await clock.advance(1);
    await rested();
    expect(await servicesRead()).toEqual(["default/c"]);
    await rm(file);
    await clock.advance(10_000);
    expect(await readdir(directory)).toEqual([]);
  });

  test("a last time at the end", async () => {
    const kept = keeper();
    const end = run(kept);
    await rested();
    table = tableOf("default/last");
    kept.changed();
    await end();
    expect(await servicesRead()).toEqual(["default/last"]);
  });

  test("not before there is a table: what the last speaker kept stays", async () => {
    await keepOnce();
    table = undefined;
    const end = run(keeper());
    await rested();
    await end();
    expect(await servicesRead()).toEqual(["default/web"]);
  });

  test("anew when the membership key is another", async () => {
    const kept = keeper();
    run(kept);
    await rested();
    const secret = new TextEncoder().encode("the next secret");
    kept.setSecret(secret);
    await clock.advance(1_000);
    await rested();
    expect(await servicesRead(keeper("n1", secret))).toEqual(["default/web"]);
  });

  test("into a directory that is not there yet", async () => {
    await rm(directory, { recursive: true });
    await keepOnce();
    expect(await servicesRead()).toEqual(["default/web"]);
  });
});

describe("a snapshot that is there is ignored, with one warning", () => {
  beforeEach(() => keepOnce());

  test.each<[when: string, spoil: () => Promise<unknown>, node: string, why: RegExp]>([
    ["when another node wrote it", async () => undefined, "n2", /the key does not open it/],
    ["when it is cut short", () => truncate(file, 20), "n1", /tag needs 16 bytes/],
    ["when it is empty", () => truncate(file), "n1", /header needs 5 bytes/],
    ["when it is something else", () => writeFile(file, "{}: what?"), "n1", /magic is another's/],
    [
      "when it is too long",
      () => truncate(file, 2 ** 27),
      "n1",
      /no file of at most 67108864 bytes/,
    ],
    [
      "when it is a directory",
      () => rm(file).then(() => mkdir(file)),
      "n1",
      /no file of at most 67108864 bytes/,
    ],
  ])("%s", async (_, spoil, node, why) => {
    await spoil();
    expect(await keeper(node).read()).toBeUndefined();
    expect(log.lines).toEqual([
      {
        level: "warn",
        message: "snapshot ignored",
        fields: { file, why: expect.stringMatching(why) },
      },
    ]);
  });

  test("when the membership key is another", async () => {
    expect(await servicesRead(keeper("n1", new TextEncoder().encode("another")))).toBeUndefined();
    expect(log.told).toEqual(["warn snapshot ignored"]);
  });
});

test("that there is none is nothing to talk about", async () => {
  expect(await keeper().read()).toBeUndefined();
  expect(log.told).toEqual([]);
});

test("that it cannot be written is said once, that it can again too, and then the next time", async () => {
  // A directory in its place: no user, be it root, renames a file over that.
  const block = () => mkdir(join(file, "full"), { recursive: true });
  await block();
  const kept = keeper();
  run(kept);
  await rested();
  kept.changed();
  await clock.advance(10_000);
  await rested();
  expect(log.told).toEqual([expect.stringMatching(/^warn snapshot cannot be written: /)]);
  expect(await readdir(directory)).toEqual(["speaker.snapshot"]);

  await rm(file, { recursive: true });
  await clock.advance(10_000);
  await rested();
  expect(log.told.slice(1)).toEqual(["info snapshot written again"]);
  expect(await servicesRead()).toEqual(["default/web"]);

  await rm(file);
  await block();
  kept.changed();
  await clock.advance(1_000);
  await rested();
  expect(log.told.slice(2)).toEqual([expect.stringMatching(/^warn snapshot cannot be written: /)]);
});
