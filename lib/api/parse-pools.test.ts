import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRange } from "#lib/address/ip-range.ts";
import type { Namespace } from "./namespace.ts";
import { parsePools } from "./parse-pools.ts";
import type { Pool } from "./pool.ts";

function pool(name: string, spec: unknown): unknown {
  return { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata: { name }, spec };
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
  );
  fc.assert(
    fc.property(fc.array(object, { maxLength: 4 }), (objects) => {
      expect(["value", "problems"]).toContain(parsePools(objects, []).kind);
    }),
  );
});
