import { beforeEach, describe, expect, test } from "vitest";
import { conflictCondition, conflictOf } from "#lib/api/address-conflict.ts";
import type { Service } from "#lib/api/service.ts";
import { service } from "#lib/api/testing/fixture.ts";
import type { Conflict } from "#speaker/network/messages.ts";
import type { Entry } from "#speaker/table.ts";
import { Conflicts } from "./conflicts.ts";

const CONFLICT: Conflict = {
  ip: "192.0.2.10",
  mac: "02:42:ac:11:00:07",
  link: "eth0",
  when: "in-use",
};
const SENTENCE =
  "Another host (02:42:ac:11:00:07, heard by n2 on eth0) claims 192.0.2.10, for which n2 answers: give that host another address";

let services: Map<string, Service>;
let patches: [path: string, conditions: unknown][];
let events: string[];
let conflicts: Conflicts;

/** Writes what is patched into the Services, as the API server and the watch do. */
async function strategicPatch<T>(path: string, patch: unknown): Promise<T> {
  const { status } = patch as { status: { conditions: Service["conditions"] } };
  patches.push([path, status.conditions.map(({ status: value, reason }) => [value, reason])]);
  const key = path.split("/").slice(4, 7).toSpliced(1, 1).join("/");
  const before = services.get(key);
  if (before !== undefined) {
    services.set(key, { ...before, conditions: status.conditions });
  }
  return {} as T;
}

function entryOf(key: string): Entry | undefined {
  const known = services.get(key);
  const row = known && { service: key, ips: known.ingress, order: ["n2"] };
  return known && ({ service: known, row } as unknown as Entry);
}

beforeEach(() => {
  services = new Map(
    ["default/a", "default/b"].map((key) => [key, service(key, { ingress: ["192.0.2.10"] })]),
  );
  services.set("default/c", service("default/c", { ingress: ["192.0.2.11"] }));
  patches = [];
  events = [];
  conflicts = new Conflicts({
    node: "n2",
    client: { strategicPatch },
    events: {
      record: ({ name }, type, reason, message) => {
        events.push(`${name} ${type} ${reason} ${message}`);
      },
    },
    table: {
      get: entryOf,
      having: (ip) =>
        new Set([...services.keys()].filter((key) => entryOf(key)?.row?.ips.includes(ip))),
    },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
});

/** Lets the queue come to rest. */
async function settle(): Promise<void> {
  const stop = new AbortController();
  const ended = conflicts.run(stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await ended;
}

const saying = (key: string) => conflictOf(services.get(key) ?? service(key));

describe("a foreign host", () => {
  test("is told of by every Service that has the address, as condition and as Event", async () => {
    conflicts.heard(CONFLICT);
    await settle();
    expect(saying("default/a")).toEqual({ ...CONFLICT, node: "n2" });
    expect(saying("default/b")).toEqual({ ...CONFLICT, node: "n2" });
    expect(saying("default/c")).toBeUndefined();
    expect(events).toEqual(["a", "b"].map((name) => `${name} Warning AddressConflict ${SENTENCE}`));
  });

  test("is told of once", async () => {
    conflicts.heard(CONFLICT);
    await settle();
    conflicts.heard(CONFLICT);
    conflicts.look("default/a");
    await settle();
    expect([patches.length, events.length]).toEqual([2, 2]);
  });

  test("that is gone ends the condition, without an Event", async () => {
    conflicts.heard(CONFLICT);
    await settle();
    conflicts.over(CONFLICT.ip);
    await settle();
    expect(saying("default/a")).toBeUndefined();
    expect([patches.length, events.length]).toEqual([4, 2]);
  });

  test("is told of by a Service that comes to share the address", async () => {
    conflicts.heard(CONFLICT);
    await settle();
    services.set("default/c", service("default/c", { ingress: ["192.0.2.10"] }));
    conflicts.look("default/c");
    await settle();
    expect(saying("default/c")?.ip).toBe("192.0.2.10");
  });
});

test("what was heard of an address is forgotten when no Service has it any more", async () => {
  conflicts.heard(CONFLICT);
  await settle();
  const moved = services.get("default/a");
  services.clear();
  conflicts.look("default/a");
  await settle();
  services.set("default/a", { ...(moved ?? service("default/a")), conditions: [] });
  conflicts.look("default/a");
  await settle();
  expect(saying("default/a")).toBeUndefined();
});

test("a node that takes a Service over ends what its former owner said of a claim, until it hears it itself", async () => {
  conflicts.heard(CONFLICT);
  await settle();
  conflicts.lost("default/a");
  conflicts.tookOver("default/a");
  await settle();
  expect(saying("default/a")).toBeUndefined();
  expect(saying("default/b")).toBeDefined();
});

test("of two addresses that others use the one is told of that was in use before", async () => {
  services.set("default/a", service("default/a", { ingress: ["192.0.2.10", "2001:db8::10"] }));
  conflicts.heard(CONFLICT);
  conflicts.heard({ ...CONFLICT, ip: "2001:db8::10", when: "first-use" });
  await settle();
  expect(saying("default/a")).toMatchObject({ ip: "2001:db8::10", when: "first-use" });
});

test("what a former owner says late is ended as well", async () => {
  conflicts.tookOver("default/a");
  await settle();
  const said = { ...conflictCondition({ ...CONFLICT, node: "n1" }), lastTransitionTime: "" };
  services.set("default/a", { ...(services.get("default/a") ?? service("")), conditions: [said] });
  conflicts.look("default/a");
  await settle();
  expect(saying("default/a")).toBeUndefined();
});
