import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseL2Advertisements } from "./parse-l2-advertisements.ts";

function advertisement(spec: unknown, name = "lab") {
  return { metadata: { name, namespace: "metallb-system" }, spec };
}

/** The problem of an L2Advertisement "lab" with this spec. */
function problemOf(spec: unknown) {
  const parsed = parseL2Advertisements([advertisement(spec)]);
  return parsed.kind === "problems" ? parsed.problems[0] : undefined;
}

describe("an L2Advertisement", () => {
  test("without a spec covers every pool, Service, node and interface", () => {
    expect(parseL2Advertisements([{ metadata: { name: "lab" } }])).toEqual({
      kind: "value",
      value: [
        {
          name: "lab",
          pools: [],
          poolSelectors: [],
          nodeSelectors: [],
          interfaces: [],
          serviceSelectors: [],
          preferredNodes: [],
        },
      ],
    });
  });

  test("keeps all that its spec says", () => {
    const rack = { requirements: [{ key: "rack", operator: "In", values: ["a"] }] };
    const parsed = parseL2Advertisements([
      advertisement({
        ipAddressPools: ["lab", "home"],
        ipAddressPoolSelectors: [{ matchExpressions: [{ key: "public", operator: "Exists" }] }],
        nodeSelectors: [{ matchLabels: { rack: "a" } }],
        interfaces: ["eth0", "bond0.7"],
        serviceSelectors: [{}],
        preferredNodeSelectors: [{ weight: 100, preference: { matchLabels: { rack: "a" } } }],
      }),
    ]);
    expect(parsed).toEqual({
      kind: "value",
      value: [
        {
          name: "lab",
          pools: ["lab", "home"],
          poolSelectors: [{ requirements: [{ key: "public", operator: "Exists" }] }],
          nodeSelectors: [rack],
          interfaces: ["eth0", "bond0.7"],
          serviceSelectors: [{ requirements: [] }],
          preferredNodes: [{ weight: 100, selector: rack }],
        },
      ],
    });
  });

  test.each([
    [
      { ipAddressPools: ["lab", "home", "lab"] },
      "spec.ipAddressPools[2]",
      "it repeats spec.ipAddressPools[0]: remove one of the two",
    ],
    [
      { nodeSelectors: [{ matchLabels: { a: "1", b: "2" } }, { matchLabels: { b: "2", a: "1" } }] },
      "spec.nodeSelectors[1]",
      "it repeats spec.nodeSelectors[0]: remove one of the two",
    ],
    [
      { ipAddressPoolSelectors: [{}, {}] },
      "spec.ipAddressPoolSelectors[1]",
      "it repeats spec.ipAddressPoolSelectors[0]: remove one of the two",
    ],
    [
      { serviceSelectors: [{ matchExpressions: [{ key: "app", operator: "In" }] }] },
      "spec.serviceSelectors[0].matchExpressions[0].values",
      "In needs at least one value: add one, or use Exists or DoesNotExist",
    ],
    [
      { preferredNodeSelectors: [{ weight: 101, preference: {} }] },
      "spec.preferredNodeSelectors[0].weight",
      "101 is no weight: write a number from 1 to 100",
    ],
    [
      { preferredNodeSelectors: [{ preference: {} }] },
      "spec.preferredNodeSelectors[0].weight",
      "0 is no weight: write a number from 1 to 100",
    ],
    [{ interfaces: [1] }, "spec.interfaces[0]", "1 is not text: put it in quotes"],
  ])("with %j is refused for its field %s", (spec, field, why) => {
    expect(problemOf(spec)).toEqual({
      kind: "L2Advertisement",
      name: "lab",
      field,
      message: `Cannot read L2Advertisement "lab": ${field}: ${why}`,
    });
  });
});

describe("several L2Advertisements", () => {
  test("are given by name", () => {
    const parsed = parseL2Advertisements(["b", "c", "a"].map((name) => advertisement({}, name)));
    expect(parsed).toMatchObject({ value: [{ name: "a" }, { name: "b" }, { name: "c" }] });
  });

  test("are all refused when one cannot be used, and each such one is named", () => {
    const bad = { ipAddressPools: "lab" };
    const parsed = parseL2Advertisements([
      advertisement(bad, "z"),
      advertisement({}, "m"),
      advertisement(bad, "a"),
    ]);
    expect(parsed).toMatchObject({ kind: "problems", problems: [{ name: "a" }, { name: "z" }] });
  });

  test("give a value or problems, whatever they hold", () => {
    const object = fc.record(
      {
        metadata: fc.record({ name: fc.string() }),
        spec: fc.record(
          {
            ipAddressPools: fc.anything(),
            nodeSelectors: fc.anything(),
            interfaces: fc.anything(),
            preferredNodeSelectors: fc.oneof(fc.anything(), fc.array(fc.anything())),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ["metadata"] },
    );
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        expect(["value", "problems"]).toContain(parseL2Advertisements(objects).kind);
      }),
    );
  });
});
