import fc from "fast-check";
import { expect, test } from "vitest";
import { byPrecedence, doShare, type Holder, holderFrom } from "#lib/allocation/holder.ts";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { ShownAddresses } from "./shown-addresses.ts";

const OLD = "2026-01-01T00:00:00Z";
const NEW = "2026-01-01T00:00:01Z";
const IP = "192.0.2.10";

function showing(key: string, creationTimestamp: string, fields: Partial<Service> = {}): Service {
  return service(key, { creationTimestamp, ingress: [IP], ...fields });
}

/** One that shares with all of its kind whose port is another. */
function sharing(key: string, creationTimestamp: string, number: number): Service {
  const annotations = { "metallb.io/allow-shared-ip": "blue" };
  return showing(key, creationTimestamp, { annotations, ports: [port(number)] });
}

function shownBy(services: readonly Service[]): ShownAddresses {
  const shown = new ShownAddresses();
  for (const each of services) {
    shown.put(each);
  }
  shown.settle();
  return shown;
}

/** `192.0.2.10 to default/web` of each Service that leaves an address. */
function leaving(shown: ShownAddresses, services: readonly Service[]): Record<string, string[]> {
  const all = services.map(({ key }): [string, string[]] => [
    key,
    [...shown.keepers(key)].map(([ip, keeper]) => `${ip} to ${keeper.key}`),
  ]);
  return Object.fromEntries(all.filter(([, left]) => left.length > 0));
}

const TO_WEB = [`${IP} to default/web`];

test.each<[string, Service[], Record<string, string[]>]>([
  ["one alone", [showing("default/web", OLD)], {}],
  [
    "the older, whatever its name",
    [showing("default/api", NEW), showing("default/web", OLD)],
    { "default/api": TO_WEB },
  ],
  [
    "of two of the same second the first by name",
    [showing("default/x", OLD), showing("default/web", OLD)],
    { "default/x": TO_WEB },
  ],
  ["all that share", [sharing("default/web", OLD, 80), sharing("default/api", NEW, 443)], {}],
  [
    "the older of two that want to share and use the same port",
    [sharing("default/web", OLD, 80), sharing("default/api", NEW, 80)],
    { "default/api": TO_WEB },
  ],
  [
    "those that share with the oldest, and not the one between them",
    [
      sharing("default/web", "2026-01-01T00:00:00Z", 80),
      showing("default/api", "2026-01-01T00:00:01Z", { ports: [port(443)] }),
      sharing("default/db", "2026-01-01T00:00:02Z", 443),
    ],
    { "default/api": TO_WEB },
  ],
  [
    "all but the one that has the port of another",
    [
      sharing("default/web", "2026-01-01T00:00:00Z", 80),
      sharing("default/api", "2026-01-01T00:00:01Z", 443),
      sharing("default/db", "2026-01-01T00:00:02Z", 443),
      sharing("default/log", "2026-01-01T00:00:03Z", 514),
    ],
    { "default/db": [`${IP} to default/api`] },
  ],
  [
    "only what is contested of two families",
    [
      showing("default/web", OLD, { ingress: [IP, "2001:db8::1"] }),
      showing("default/api", NEW, { ingress: [IP, "2001:db8::2"] }),
    ],
    { "default/api": TO_WEB },
  ],
  [
    "an address by its value, however it is spelled",
    [
      showing("default/web", OLD, { ingress: ["2001:DB8:0::A", `::ffff:${IP}`] }),
      showing("default/api", NEW, { ingress: ["2001:db8::a", IP] }),
    ],
    { "default/api": ["2001:db8::a to default/web", ...TO_WEB] },
  ],
  [
    "what one Service shows twice, or is no address",
    [
      showing("default/web", OLD, { ingress: [IP, `::ffff:${IP}`, "web"] }),
      showing("default/api", NEW, { ingress: ["web"] }),
    ],
    {},
  ],
])("keeps: %s", (_, services, expected) => {
  expect(leaving(shownBy(services), services)).toEqual(expected);
  const reversed = services.toReversed();
  expect(leaving(shownBy(reversed), services)).toEqual(expected);
});

test("tells of those alone for whom something changed", () => {
  const web = showing("default/web", OLD);
  const api = showing("default/api", NEW);
  const elsewhere = showing("default/db", NEW, { ingress: ["192.0.2.11"] });
  const shown = shownBy([api, elsewhere]);
  shown.put(web);
  expect([...shown.settle()]).toEqual(["default/api"]);
  shown.put({ ...web });
  expect([...shown.settle()]).toEqual([]);
  shown.put({ ...web, creationTimestamp: NEW });
  expect([...shown.settle()].sort()).toEqual(["default/api", "default/web"]);
  shown.remove("default/api");
  expect([...shown.settle()]).toEqual(["default/web"]);
  expect(shown.keepers("default/web")).toEqual(new Map());
});

/** Every rule as it is written, over all Services: by the key of each, the addresses that it leaves. */
function leavingNaively(services: readonly Service[]): Record<string, string[]> {
  const left: Record<string, string[]> = {};
  for (const ip of IPS) {
    const staying: Holder[] = [];
    const holders = services.filter(({ ingress }) => ingress.includes(ip)).map(holderFrom);
    for (const holder of holders.sort(byPrecedence)) {
      if (staying.every((other) => doShare(other, holder))) {
        staying.push(holder);
      } else {
        left[holder.key] = [...(left[holder.key] ?? []), ip];
      }
    }
  }
  return left;
}

const IPS = ["192.0.2.10", "192.0.2.11", "2001:db8::10"];

const anyService = fc
  .record({
    key: fc.constantFrom("a/a", "a/b", "a/c", "a/d", "b/a", "b/b"),
    creationTimestamp: fc.constantFrom(OLD, NEW),
    ingress: fc.subarray(IPS),
    sharingKey: fc.constantFrom("", "blue", "blue", "red"),
    ports: fc.subarray([port(80), port(443), port(53, "UDP")], { minLength: 1 }),
    externalTrafficPolicy: fc.constantFrom(
      "Cluster" as const,
      "Cluster" as const,
      "Local" as const,
    ),
  })
  .map(({ key, sharingKey, ...fields }) =>
    service(key, { annotations: { "metallb.io/allow-shared-ip": sharingKey }, ...fields }),
  );

const anyChange = fc.oneof(
  { weight: 4, arbitrary: anyService },
  anyService.map(({ key }) => key),
);

type Change = Service | string;

/** The index, and beside it all Services. */
class Beside {
  readonly shown = new ShownAddresses();
  readonly services = new Map<string, Service>();

  /** Returns the keys of those that are told of, and of those that changed themselves. */
  apply(changes: readonly Change[]): ReadonlySet<string> {
    for (const change of changes) {
      if (typeof change === "string") {
        this.shown.remove(change);
        this.services.delete(change);
      } else {
        this.shown.put(change);
        this.services.set(change.key, change);
      }
    }
    const own = changes.map((change) => (typeof change === "string" ? change : change.key));
    return new Set([...this.shown.settle(), ...own]);
  }

  /** By Service, the addresses that it leaves, and to whom. */
  answers(): ReadonlyMap<string, string> {
    return new Map(
      [...this.services.keys()].map((key) => [
        key,
        JSON.stringify([...this.shown.keepers(key)].map(([ip, to]) => [ip, to.key])),
      ]),
    );
  }

  check(): void {
    const expected = leavingNaively([...this.services.values()]);
    for (const key of this.services.keys()) {
      const keepers = this.shown.keepers(key);
      expect([...keepers.keys()].sort()).toEqual((expected[key] ?? []).sort());
      for (const [ip, keeper] of keepers) {
        expect(expected[keeper.key] ?? []).not.toContain(ip);
      }
    }
  }
}

test("after any history the same leave as when all are looked at, and each whose answer changed is told of", () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyChange, { minLength: 1, maxLength: 3 })), (history) => {
      const beside = new Beside();
      for (const changes of history) {
        const before = beside.answers();
        const told = beside.apply(changes);
        beside.check();
        for (const [key, answer] of beside.answers()) {
          expect(told.has(key) || before.get(key) === answer).toBe(true);
        }
      }
    }),
  );
});
