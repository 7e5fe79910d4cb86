import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRange } from "#lib/address/ip-range.ts";
import { POOL_ANNOTATION } from "./annotations.ts";
import type { Namespace } from "./namespace.ts";
import { parsePools } from "./parse-pools.ts";
import type { Pool } from "./pool.ts";

function pool(name: string, spec: unknown): unknown {
  return { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata: { name }, spec };
}

/** A pool of 192.0.2.0/24, unless it is said otherwise. */
function annotated(annotations: unknown, addresses: readonly string[] = ["192.0.2.0/24"]): unknown {
  return { metadata: { name: "lab", annotations }, spec: { addresses } };
}

function read(pools: readonly unknown[], namespaces: readonly Namespace[] = []): readonly Pool[] {
  const parsed = parsePools(pools, namespaces);
  return parsed.kind === "value" ? parsed.value : expect.fail(JSON.stringify(parsed.problems));
}

function sentences(pools: readonly unknown[]): readonly string[] {
  const parsed = parsePools(pools, []);
  return parsed.kind === "problems" ? parsed.problems.map(({ message }) => message) : [];
}

describe("pools", () => {
  it("keep their addresses in listed order, and MetalLB's defaults", () => {
    const [lab] = read([
      pool("lab", {
        addresses: ["198.51.100.10/24", "192.0.2.1-192.0.2.5", "2001:0DB8::/124"],
      }),
    ]);

    expect(lab?.ranges.map(formatRange)).toEqual([
      "198.51.100.0/24",
      "192.0.2.1-192.0.2.5",
      "2001:db8::/124",
    ]);
    expect(lab).toMatchObject({ name: "lab", labels: {}, autoAssign: true, avoidBuggyIps: false });
    expect(lab).not.toHaveProperty("serviceAllocation");
  });

  it("come sorted by name", () => {
    const pools = read([
      pool("b", { addresses: ["192.0.2.0/25"] }),
      pool("a", { addresses: ["192.0.2.128/25"] }),
    ]);

    expect(pools.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("say whom they serve", () => {
    const [tenants] = read(
      [
        pool("tenants", {
          addresses: ["192.0.2.0/24"],
          avoidBuggyIPs: true,
          autoAssign: false,
          serviceAllocation: {
            priority: 50,
            namespaces: ["b", "a"],
            namespaceSelectors: [{ matchLabels: { foo: "bar" } }],
            serviceSelectors: [
              { matchExpressions: [{ key: "app", operator: "In", values: ["bar"] }] },
            ],
          },
        }),
      ],
      [
        { name: "c", labels: { foo: "bar" } },
        { name: "d", labels: {} },
      ],
    );

    expect(tenants).toMatchObject({
      autoAssign: false,
      avoidBuggyIps: true,
      serviceAllocation: {
        priority: 50,
        namespaces: ["a", "b", "c"],
        serviceSelectors: [{ requirements: [{ key: "app", operator: "In", values: ["bar"] }] }],
      },
    });
  });

  it("serve no namespace when no namespace matches their namespaceSelectors", () => {
    const [tenants] = read(
      [
        pool("tenants", {
          addresses: ["192.0.2.0/24"],
          serviceAllocation: { namespaceSelectors: [{ matchLabels: { foo: "bar" } }] },
        }),
      ],
      [{ name: "d", labels: {} }],
    );

    expect(tenants?.serviceAllocation?.namespaces).toEqual([]);
  });

  it("serve every Service when their serviceAllocation has only a priority", () => {
    const [first] = read([
      pool("first", { addresses: ["192.0.2.0/24"], serviceAllocation: { priority: 1 } }),
    ]);

    expect(first?.serviceAllocation).toEqual({ priority: 1, serviceSelectors: [] });
  });
});

describe("a pool that cannot be used", () => {
  it.each([
    [
      "has no addresses",
      "spec.addresses: the pool has no addresses: add a CIDR such as 192.0.2.0/24, or a range",
      { addresses: [] },
    ],
    [
      "has no spec",
      "spec.addresses: the pool has no addresses: add a CIDR such as 192.0.2.0/24, or a range",
      undefined,
    ],
    [
      "has a spec of another shape",
      'spec: "192.0.2.0/24" is not an object: write fields with values',
      "192.0.2.0/24",
    ],
    [
      "has a text for a list",
      'spec.addresses: "192.0.2.0/24" is not a list: write each entry after a dash',
      { addresses: "192.0.2.0/24" },
    ],
    [
      "has a number for an address",
      "spec.addresses[0]: 192 is not text: put it in quotes",
      { addresses: [192] },
    ],
    [
      "has a range that ends before it begins",
      "spec.addresses[1]: range 192.0.2.9-192.0.2.1 ends before it begins: swap the two addresses",
      { addresses: ["198.51.100.0/24", "192.0.2.9-192.0.2.1"] },
    ],
    [
      "has a bare address",
      "spec.addresses[0]: 192.0.2.1 has no prefix length: write 192.0.2.1/32",
      { addresses: ["192.0.2.1"] },
    ],
    [
      "has a text for a boolean",
      'spec.autoAssign: "yes" is not a boolean: write true or false',
      { addresses: ["192.0.2.0/24"], autoAssign: "yes" },
    ],
    [
      "has a fraction as priority",
      "spec.serviceAllocation.priority: 1.5 is not a whole number: write one without quotes",
      { addresses: ["192.0.2.0/24"], serviceAllocation: { priority: 1.5 } },
    ],
    [
      "names a namespace twice",
      "spec.serviceAllocation.namespaces[2]: it repeats spec.serviceAllocation.namespaces[0]: remove one of the two",
      { addresses: ["192.0.2.0/24"], serviceAllocation: { namespaces: ["a", "b", "a"] } },
    ],
    [
      "has the same selector twice",
      "spec.serviceAllocation.serviceSelectors[1]: it repeats spec.serviceAllocation.serviceSelectors[0]: remove one of the two",
      {
        addresses: ["192.0.2.0/24"],
        serviceAllocation: {
          serviceSelectors: [
            { matchLabels: { a: "1", b: "2" } },
            { matchLabels: { b: "2", a: "1" } },
          ],
        },
      },
    ],
    [
      "has a selector with an unknown operator",
      'spec.serviceAllocation.namespaceSelectors[0].matchExpressions[0].operator: "Is" is not an operator: write In, NotIn, Exists or DoesNotExist',
      {
        addresses: ["192.0.2.0/24"],
        serviceAllocation: {
          namespaceSelectors: [{ matchExpressions: [{ key: "a", operator: "Is", values: ["1"] }] }],
        },
      },
    ],
  ])("%s, says the field and the mend", (_, message, spec) => {
    expect(sentences([pool("lab", spec)])[0]).toBe(`Cannot read pool "lab": ${message}`);
  });

  it("tells all that is wrong with it, beside what is wrong with others", () => {
    const parsed = parsePools(
      [
        pool("lab", { addresses: ["192.0.2.300/32", "192.0.2.0/33"], avoidBuggyIPs: 1 }),
        pool("dmz", { addresses: [] }),
      ],
      [],
    );

    expect(parsed).toMatchObject({
      kind: "problems",
      problems: [
        { kind: "IPAddressPool", name: "dmz", field: "spec.addresses" },
        { kind: "IPAddressPool", name: "lab", field: "spec.addresses[0]" },
        { kind: "IPAddressPool", name: "lab", field: "spec.addresses[1]" },
        { kind: "IPAddressPool", name: "lab", field: "spec.avoidBuggyIPs" },
      ],
    });
  });

  it("has no name", () => {
    expect(sentences([{ spec: { addresses: ["192.0.2.0/24"] } }])).toEqual([
      'Cannot read pool "": metadata.name: it is missing: give the pool a name',
    ]);
  });

  it("has the name of another", () => {
    const same = [
      pool("lab", { addresses: ["192.0.2.0/25"] }),
      pool("lab", { addresses: ["192.0.2.128/25"] }),
    ];

    expect(sentences(same)).toEqual([
      'Cannot read pool "lab": metadata.name: another pool has the same name: rename one',
    ]);
  });
});

describe("the annotations of a pool", () => {
  it("say what it gives to whom", () => {
    const [lab] = read([
      annotated({
        "herald-lb.io/exclude": "192.0.2.0/28, 192.0.2.255, 198.51.100.1",
        "herald-lb.io/max-per-namespace": "5",
        "herald-lb.io/hold-released": "1h30m",
        "herald-lb.io/interfaces": "subnet",
        "example.org/owner": "net",
      }),
    ]);

    expect(lab?.ranges.map(formatRange)).toEqual(["192.0.2.16-192.0.2.254"]);
    expect(lab?.excluded.map(formatRange)).toEqual(["192.0.2.0/28", "192.0.2.255/32"]);
    expect(lab?.idleExclusions?.map(formatRange)).toEqual(["198.51.100.1/32"]);
    expect(lab).toMatchObject({
      maxPerNamespace: 5,
      holdReleasedMs: 5_400_000,
      interfaces: "subnet",
    });
  });

  it.each([
    ["are absent", undefined],
    ["are none", {}],
    ["are null", null],
    ["are of others", { "herald-lb.io": "5", "metallb.io/exclude": "192.0.2.1" }],
    [
      "exclude nothing, hold nothing",
      { "herald-lb.io/exclude": " ", "herald-lb.io/hold-released": "0" },
    ],
  ])("change nothing when they %s", (_, annotations) => {
    const [lab] = read([annotated(annotations)]);

    expect(lab).toMatchObject({ excluded: [], holdReleasedMs: 0 });
    expect(lab?.ranges.map(formatRange)).toEqual(["192.0.2.0/24"]);
    expect(lab).not.toHaveProperty("maxPerNamespace");
    expect(lab).not.toHaveProperty("interfaces");
    expect(lab).not.toHaveProperty("idleExclusions");
  });

  it.each([
    ["1", 1],
    ["005", 5],
    [" 5\n", 5],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("limit a namespace to %j addresses: %d", (text, limit) => {
    expect(read([annotated({ "herald-lb.io/max-per-namespace": text })])[0]?.maxPerNamespace).toBe(
      limit,
    );
  });

  it.each([
    ["all", "all"],
    [" subnet\n", "subnet"],
  ])("have its addresses answered on the links that %j says", (text, interfaces) => {
    expect(read([annotated({ "herald-lb.io/interfaces": text })])[0]).toMatchObject({
      interfaces,
    });
  });

  it.each([
    ["max-per-namespace", "", '"" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", "five", '"five" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", "-1", '"-1" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", "+1", '"+1" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", "1.0", '"1.0" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", "1e3", '"1e3" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", "0x5", '"0x5" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", "५", '"५" is not a whole number: write digits alone, such as "5"'],
    ["max-per-namespace", 5, "5 is not text: put it in quotes"],
    ["max-per-namespace", "0", '"0" allows no address at all: write 1 or more, or remove it'],
    [
      "max-per-namespace",
      "9007199254740992",
      '"9007199254740992" is too large: write at most 9007199254740991',
    ],
    [
      "max-per-namespace",
      "1".repeat(1_000_000),
      `"${"1".repeat(59)}… is too large: write at most 9007199254740991`,
    ],
    [
      "hold-released",
      "",
      '"" is not a duration: write a number with a unit, such as 90s, 10m or 1h30m, or 0s for none',
    ],
    [
      "hold-released",
      "10",
      '"10" is not a duration: write a number with a unit, such as 90s, 10m or 1h30m, or 0s for none',
    ],
    [
      "hold-released",
      "-10m",
      '"-10m" is negative: write a number with a unit, such as 90s, 10m or 1h30m, or 0s for none',
    ],
    ["hold-released", "8760h1ns", '"8760h1ns" is longer than a year: write at most 8760h'],
    ["hold-released", 600, "600 is not text: put it in quotes"],
    [
      "interfaces",
      "Subnet",
      '"Subnet" is neither "all" nor "subnet": write "subnet" to have an address answered only where a subnet holds it, or "all"',
    ],
    ["interfaces", true, "true is not text: put it in quotes"],
    ["exclude", "192.0.2.1,", "entry 2 is empty: write an address there, or remove the comma"],
    ["exclude", ["192.0.2.1"], '["192.0.2.1"] is not text: put it in quotes'],
    [
      "exclude",
      "192.0.2.0/25, 192.0.2.100-192.0.2.255, 2001:db8::1",
      "nothing is left of the pool: exclude less, or delete the pool",
    ],
  ])("of the field %s do not mean %j: the sentence says why", (key, value, why) => {
    const field = `metadata.annotations[herald-lb.io/${key}]`;

    expect(parsePools([annotated({ [`herald-lb.io/${key}`]: value })], [])).toEqual({
      kind: "problems",
      problems: [
        {
          kind: "IPAddressPool",
          name: "lab",
          field,
          message: `Cannot read pool "lab": ${field}: ${why}`,
        },
      ],
    });
  });

  it("are told together with all else that is wrong", () => {
    const parsed = parsePools(
      [
        annotated(
          {
            "herald-lb.io/exclude": "x",
            "herald-lb.io/max-per-namespace": "x",
            "herald-lb.io/hold-released": "x",
            "herald-lb.io/interfaces": "x",
          },
          ["x"],
        ),
      ],
      [],
    );

    expect(parsed.kind === "problems" && parsed.problems.map(({ field }) => field)).toEqual([
      "spec.addresses[0]",
      "metadata.annotations[herald-lb.io/max-per-namespace]",
      "metadata.annotations[herald-lb.io/interfaces]",
      "metadata.annotations[herald-lb.io/exclude]",
      "metadata.annotations[herald-lb.io/hold-released]",
    ]);
  });

  it("do not part two pools that overlap as they are listed", () => {
    const overlapping = [
      annotated({ "herald-lb.io/exclude": "192.0.2.128/25" }),
      pool("upper", { addresses: ["192.0.2.128/25"] }),
    ];

    expect(sentences(overlapping)[0]).toContain("192.0.2.128/25 overlaps 192.0.2.0/24");
  });
});

describe("pools that overlap", () => {
  it("are refused with the name of the other and the part in common", () => {
    const overlapping = [
      pool("b", { addresses: ["203.0.113.0/24", "192.0.2.64-192.0.2.200"] }),
      pool("a", { addresses: ["192.0.2.128/25"] }),
    ];

    expect(sentences(overlapping)).toEqual([
      'Cannot read pool "b": spec.addresses[1]: 192.0.2.64-192.0.2.200 overlaps 192.0.2.128/25 (spec.addresses[0] of pool "a") in 192.0.2.128-192.0.2.200: take that part out of one of the two',
    ]);
  });

  it("are refused when the two ranges are of one pool", () => {
    expect(sentences([pool("lab", { addresses: ["2001:db8::/64", "2001:db8::1/128"] })])).toEqual([
      'Cannot read pool "lab": spec.addresses[1]: 2001:db8::1/128 overlaps 2001:db8::/64 (spec.addresses[0]) in 2001:db8::1/128: take that part out of one of the two',
    ]);
  });

  it("are found exactly when two ranges have an address in common", () => {
    const range = fc
      .tuple(fc.nat(60), fc.nat(12))
      .map(([first, length]) => [first, first + length] as const);
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), (ranges) => {
        const doOverlap = ranges.some(([first, last], index) =>
          ranges.some(([begin, end], other) => other < index && first <= end && begin <= last),
        );
        const pools = ranges.map(([first, last], index) =>
          pool(`pool-${index}`, { addresses: [`192.0.2.${first}-192.0.2.${last}`] }),
        );

        expect(sentences(pools).length > 0).toBe(doOverlap);
      }),
    );
  });
});

it("pools are read or refused, whatever the objects are", () => {
  const spec = fc.record(
    { addresses: fc.anything(), autoAssign: fc.anything(), serviceAllocation: fc.anything() },
    { requiredKeys: [] },
  );
  const object = fc.oneof(
    fc.anything(),
    fc.record({ metadata: fc.anything(), spec }, { requiredKeys: [] }),
    spec.map((fields) => pool("lab", fields)),
    fc
      .dictionary(
        fc.constantFrom(...Object.values(POOL_ANNOTATION)),
        fc.oneof(fc.anything(), fc.string({ unit: "grapheme" })),
      )
      .map((annotations) => annotated(annotations)),
  );
  fc.assert(
    fc.property(fc.array(object, { maxLength: 4 }), (objects) => {
      expect(["value", "problems"]).toContain(parsePools(objects, []).kind);
    }),
  );
});
