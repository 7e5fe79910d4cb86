import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { type AddressGroup, Groups } from "./groups.ts";
import { electingIp } from "./node-subnets.ts";

const [IP_A, IP_B, IP_C, IP_D] = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::4"] as const;

let groups: Groups;

beforeEach(() => {
  groups = new Groups();
});

describe("Services", () => {
  test("that share no address are groups of their own", () => {
    expect(groups.put("ns/a", [IP_A])).toEqual({
      changed: [{ key: IP_A, services: ["ns/a"] }],
      gone: [],
    });
    expect(groups.put("ns/b", [IP_B]).changed).toEqual([{ key: IP_B, services: ["ns/b"] }]);
  });

  test("that share an address are one group, whose key is the first one's by name", () => {
    groups.put("ns/b", [IP_B, IP_C]);
    expect(groups.put("ns/a", [IP_A, IP_B])).toEqual({
      changed: [{ key: IP_A, services: ["ns/a", "ns/b"] }],
      gone: [IP_B],
    });
  });

  test("that share through others are one group too, and fall apart without them", () => {
    groups.put("ns/a", [IP_A]);
    groups.put("ns/c", [IP_C]);
    const joined = groups.put("ns/b", [IP_A, IP_C]);
    expect(joined).toEqual({
      changed: [{ key: IP_A, services: ["ns/a", "ns/b", "ns/c"] }],
      gone: [IP_C],
    });
    expect(groups.remove("ns/b")).toEqual({
      changed: [
        { key: IP_A, services: ["ns/a"] },
        { key: IP_C, services: ["ns/c"] },
      ],
      gone: [],
    });
  });

  test("that go take their group with them", () => {
    groups.put("ns/a", [IP_A]);
    expect(groups.remove("ns/a")).toEqual({ changed: [], gone: [IP_A] });
    expect([groups.of("ns/a"), [...groups.addresses]]).toEqual([undefined, []]);
    expect(groups.remove("ns/a")).toEqual({ changed: [], gone: [] });
  });

  test("with other addresses than before are another group", () => {
    groups.put("ns/a", [IP_A]);
    expect(groups.put("ns/a", [IP_B])).toEqual({
      changed: [{ key: IP_B, services: ["ns/a"] }],
      gone: [IP_A],
    });
  });
});

test("the key of a dual-stack Service is its IPv4 address", () => {
  expect(groups.put("ns/a", [IP_D, IP_A]).changed).toEqual([{ key: IP_A, services: ["ns/a"] }]);
});

test("knows the holders of each address", () => {
  groups.put("ns/a", [IP_A, IP_B]);
  groups.put("ns/b", [IP_B]);
  expect([IP_A, IP_B, IP_C].map((ip) => [...groups.holdersOf(ip)])).toEqual([
    ["ns/a"],
    ["ns/a", "ns/b"],
    [],
  ]);
});

/** The groups of a table, found by merging until nothing more is shared. */
function reference(table: ReadonlyMap<string, readonly string[]>): readonly AddressGroup[] {
  let sets = [...table].map(([service, ips]) => ({ services: [service], ips: new Set(ips) }));
  for (const ip of [IP_A, IP_B, IP_C, IP_D]) {
    const [holding, others] = [true, false].map((has) =>
      sets.filter(({ ips }) => ips.has(ip) === has),
    );
    const merged = (holding ?? []).flatMap(({ services }) => services);
    const ips = new Set((holding ?? []).flatMap((set) => [...set.ips]));
    sets = merged.length === 0 ? sets : [...(others ?? []), { services: merged, ips }];
  }
  return sets.map(({ services }) => {
    const sorted = services.toSorted();
    return { key: electingIp(table.get(sorted[0] ?? "") ?? []), services: sorted };
  });
}

const byKey = (all: Iterable<AddressGroup>) => [...all].sort((a, b) => (a.key < b.key ? -1 : 1));

test("tells of every change, so that whoever follows has the groups of the table", () => {
  const ips = fc.uniqueArray(fc.constantFrom(IP_A, IP_B, IP_C, IP_D), { minLength: 1 });
  const service = fc.constantFrom("ns/a", "ns/b", "ns/c", "ns/d", "ns/e");
  const steps = fc.array(fc.tuple(service, fc.option(ips)), { maxLength: 30 });
  fc.assert(
    fc.property(steps, (all) => {
      const tested = new Groups();
      const table = new Map<string, readonly string[]>();
      const followed = new Map<string, AddressGroup>();
      for (const [name, addresses] of all) {
        const { changed, gone } =
          addresses === null ? tested.remove(name) : tested.put(name, addresses);
        if (addresses === null) {
          table.delete(name);
        } else {
          table.set(name, addresses);
        }
        for (const key of gone) {
          followed.delete(key);
        }
        for (const group of changed) {
          followed.set(group.key, group);
        }
        expect(byKey(followed.values())).toEqual(byKey(reference(table)));
      }
    }),
    { numRuns: 500 },
  );
});
