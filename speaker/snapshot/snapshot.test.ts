import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { formatSnapshot, parseSnapshot, type Snapshot } from "./snapshot.ts";

const SNAPSHOT: Snapshot = {
  takenAtMs: 1_767_225_600_000,
  rows: [
    {
      service: "default/web",
      ips: ["192.0.2.10", "2001:db8::10"],
      order: ["n2", "n1"],
      links: ["eth0"],
      onSubnetOnly: true,
      contested: ["192.0.2.10"],
    },
    { service: "shop/api", ips: ["192.0.2.11"], order: ["n1", "n3"] },
  ],
  members: [
    { name: "n1", addresses: ["192.0.2.1", "2001:db8::1"] },
    { name: "n2", addresses: [] },
  ],
  draining: "n1 is in maintenance",
  network: Uint8Array.of(0xfb, 0xff, 0),
};

const TEXT =
  '{"takenAtMs":1767225600000,"nodes":["n2","n1","n3"],"rows":[' +
  '{"service":"default/web","ips":["192.0.2.10","2001:db8::10"],"links":["eth0"],"onSubnetOnly":true,' +
  '"contested":["192.0.2.10"],"order":[0,1]},' +
  '{"service":"shop/api","ips":["192.0.2.11"],"order":[1,2]}],' +
  '"members":[{"name":"n1","addresses":["192.0.2.1","2001:db8::1"]},{"name":"n2","addresses":[]}],' +
  '"draining":"n1 is in maintenance","network":"+/8A"}';

test("is written with each name of a node once", () => {
  expect(formatSnapshot(SNAPSHOT)).toBe(TEXT);
});

test("is read as it was written", () => {
  expect(parseSnapshot(TEXT)).toEqual(SNAPSHOT);
});

test("has no addresses that are new: they were when it was taken", () => {
  const [row] = SNAPSHOT.rows;
  const rows = row === undefined ? [] : [{ ...row, isNew: true } as const];
  expect(parseSnapshot(formatSnapshot({ ...SNAPSHOT, rows })).rows).toEqual([row]);
});

describe("is refused", () => {
  const parts = JSON.parse(TEXT) as { rows: readonly object[] };
  const row = (change: object) => ({ ...parts, rows: [{ ...parts.rows[0], ...change }] });

  test.each<[when: string, value: unknown, why: string]>([
    ["that is no object", [], "all of it: [] is not an object"],
    ["whose nodes are no names", { ...parts, nodes: [1] }, "nodes[0]: 1 is not text"],
    ["without time", { ...parts, takenAtMs: "now" }, 'takenAtMs: "now" is not a whole number'],
    ["with a row without Service", row({ service: null }), "rows[0].service: it is missing"],
    ["with what is no address", row({ ips: ["eth0"] }), 'rows[0].ips: "eth0" is no IP address'],
    ["with an address in another form", row({ ips: ["2001:DB8::1"] }), '"2001:DB8::1" is no IP'],
    ["with a place beyond the nodes", row({ order: [3] }), "it is no place among the 3 nodes"],
    ["with a name for a place", row({ order: ["n1"] }), "rows[0].order[0]: it is no place"],
    ["with a member without name", { ...parts, members: [{}] }, "members[0].name: it is missing"],
    ["with bytes that are none", { ...parts, network: "?" }, "network: it is no base64"],
  ])("one %s", (_, value, why) => {
    const read = () => parseSnapshot(JSON.stringify(value));
    expect(read).toThrow(MalformedError);
    expect(read).toThrow(why);
  });

  test("one that is cut short, wherever", () => {
    for (let length = 0; length < TEXT.length; length += 1) {
      expect(() => parseSnapshot(TEXT.slice(0, length))).toThrow(MalformedError);
    }
  });
});

const anyName = fc.string({ maxLength: 8 });
const anyNames = fc.uniqueArray(anyName, { maxLength: 5 });
const anyIps = fc.uniqueArray(
  fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => formatIp(parseIp(text))),
  { maxLength: 3 },
);
const anyRow = fc.record(
  {
    service: anyName,
    ips: anyIps,
    order: fc.array(anyName, { maxLength: 5 }),
    links: anyNames,
    onSubnetOnly: fc.constant(true as const),
    contested: anyIps,
  },
  { requiredKeys: ["service", "ips", "order"] },
);
const anySnapshot = fc.record(
  {
    takenAtMs: fc.nat(),
    rows: fc.array(anyRow, { maxLength: 5 }),
    members: fc.array(fc.record({ name: anyName, addresses: anyNames }), { maxLength: 5 }),
    draining: fc.string(),
    network: fc.uint8Array(),
  },
  { requiredKeys: ["takenAtMs", "rows", "members"], noNullPrototype: true },
);

describe("whatever", () => {
  test("a snapshot holds, it is read as it was written", () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        expect(parseSnapshot(formatSnapshot(snapshot))).toEqual(snapshot);
      }),
    );
  });

  test("a text says, it is a snapshot or malformed", () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.json(),
      fc.tuple(anySnapshot, fc.nat(), fc.string({ maxLength: 2 })).map(([snapshot, at, text]) => {
        const whole = formatSnapshot(snapshot);
        const place = at % whole.length;
        return whole.slice(0, place) + text + whole.slice(place + 1);
      }),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          parseSnapshot(text);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
