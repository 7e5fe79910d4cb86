import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type KubernetesObject, readDocuments } from "./documents.ts";

const CRDS = join(import.meta.dirname, "crds");

interface Schema {
  readonly type: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

interface Crd extends KubernetesObject {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: keyof typeof FIELDS };
    readonly versions: readonly [
      {
        readonly name: string;
        readonly served: boolean;
        readonly storage: boolean;
        readonly subresources: object;
        readonly additionalPrinterColumns: readonly Column[];
        readonly schema: { readonly openAPIV3Schema: Schema };
      },
    ];
  };
}

/** The fields of each kind, one a line: path, type, `!` for required, then whatever else bounds the value. */
const FIELDS = {
  ConfigurationState: [
    "status object",
    'status.result string enum=["Valid","Invalid","Unknown"]',
    "status.errorSummary string",
    "status.conditions array list-type=map list-map-keys=type",
    "status.conditions[] object",
    "status.conditions[].type string! maxLength=316 pattern",
    'status.conditions[].status string! enum=["True","False","Unknown"]',
    "status.conditions[].reason string! minLength=1 maxLength=1024 pattern",
    "status.conditions[].message string! maxLength=32768",
    "status.conditions[].observedGeneration integer format=int64 minimum=0",
    "status.conditions[].lastTransitionTime string! format=date-time",
  ],
  IPAddressPool: [
    "spec object!",
    "spec.addresses array!",
    "spec.addresses[] string",
    "spec.autoAssign boolean default=true",
    "spec.avoidBuggyIPs boolean default=false",
    "spec.serviceAllocation object",
    "spec.serviceAllocation.priority integer",
    "spec.serviceAllocation.namespaces array",
    "spec.serviceAllocation.namespaces[] string",
    "spec.serviceAllocation.namespaceSelectors array",
    "spec.serviceAllocation.namespaceSelectors[] selector",
    "spec.serviceAllocation.serviceSelectors array",
    "spec.serviceAllocation.serviceSelectors[] selector",
    "status object",
    "status.assignedIPv4 integer! format=int64",
    "status.assignedIPv6 integer! format=int64",
    "status.availableIPv4 integer! format=int64",
    "status.availableIPv6 integer! format=int64",
  ],
  L2Advertisement: [
    "spec object",
    "spec.ipAddressPools array",
    "spec.ipAddressPools[] string",
    "spec.ipAddressPoolSelectors array",
    "spec.ipAddressPoolSelectors[] selector",
    "spec.nodeSelectors array",
    "spec.nodeSelectors[] selector",
    "spec.preferredNodeSelectors array",
    "spec.preferredNodeSelectors[] object",
    "spec.preferredNodeSelectors[].weight integer! format=int32 minimum=1 maximum=100",
    "spec.preferredNodeSelectors[].preference selector!",
    "spec.interfaces array",
    "spec.interfaces[] string",
    "spec.serviceSelectors array",
    "spec.serviceSelectors[] selector",
    "status object",
  ],
  ServiceL2Status: [
    "spec object",
    "status object",
    "status.node string immutable",
    "status.serviceName string immutable",
    "status.serviceNamespace string immutable",
    "status.interfaces array",
    "status.interfaces[] object",
    "status.interfaces[].name string",
  ],
};

const COLUMNS = {
  ConfigurationState: [
    "Result string .status.result",
    "ErrorSummary string .status.errorSummary",
    "Age date .metadata.creationTimestamp",
  ],
  IPAddressPool: [
    "Auto Assign boolean .spec.autoAssign",
    "Avoid Buggy IPs boolean .spec.avoidBuggyIPs",
    "Addresses string .spec.addresses",
  ],
  L2Advertisement: [
    "IPAddressPools string .spec.ipAddressPools",
    "IPAddressPool Selectors string .spec.ipAddressPoolSelectors",
    "Interfaces string .spec.interfaces",
    "Node Selectors string .spec.nodeSelectors 10",
  ],
  ServiceL2Status: [
    "Allocated Node string .status.node",
    "Service Name string .status.serviceName",
    "Service Namespace string .status.serviceNamespace",
  ],
};

const SELECTOR_FIELDS = [
  "matchLabels object labels",
  "matchExpressions array list-type=atomic",
  "matchExpressions[] object",
  "matchExpressions[].key string!",
  "matchExpressions[].operator string!",
  "matchExpressions[].values array list-type=atomic",
  "matchExpressions[].values[] string",
];

/** metav1.LabelSelector is known by its map type; its own fields are compared once. */
function isSelector(schema: Schema): boolean {
  return schema["x-kubernetes-map-type"] === "atomic";
}

const NAMED = ["format", "default", "minimum", "maximum", "minLength", "maxLength"];

function bounds(schema: Schema): string[] {
  const { additionalProperties, enum: values, pattern } = schema;
  const rules = schema["x-kubernetes-validations"];
  return [
    ...NAMED.flatMap((name) => (name in schema ? [`${name}=${String(schema[name])}`] : [])),
    ...(values === undefined ? [] : [`enum=${JSON.stringify(values)}`]),
    ...(pattern === undefined ? [] : ["pattern"]),
    ...(additionalProperties === undefined ? [] : ["labels"]),
    ...["list-type", "list-map-keys"].flatMap((name) => {
      const value = schema[`x-kubernetes-${name}`];
      return value === undefined ? [] : [`${name}=${String(value)}`];
    }),
    ...(JSON.stringify(rules)?.includes("self == oldSelf") ? ["immutable"] : []),
  ];
}

function describeField(path: string, schema: Schema, required: boolean): string[] {
  const type = isSelector(schema) ? "selector" : schema.type;
  const own = [`${path} ${type}${required ? "!" : ""}`, ...bounds(schema)].join(" ");
  const below = isSelector(schema) ? [] : fieldsOf(schema, `${path}.`);
  const items = schema.items === undefined ? [] : describeField(`${path}[]`, schema.items, false);
  return [own, ...below, ...items];
}

function fieldsOf({ properties, required }: Schema, prefix: string): string[] {
  return Object.entries(properties ?? {}).flatMap(([name, schema]) =>
    describeField(`${prefix}${name}`, schema, required?.includes(name) ?? false),
  );
}

function everySchema(schema: Schema): Schema[] {
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
  ];
  return [schema, ...below.flatMap(everySchema)];
}

const crds = readdirSync(CRDS)
  .filter((file) => file.startsWith("metallb.io_"))
  .flatMap((file) => readDocuments(join(CRDS, file)) as Crd[]);

const table = crds.map((crd) => ({ crd, kind: crd.spec.names.kind }));

test("defines the kinds that controller and speaker read and write", () => {
  expect(table.map(({ kind }) => kind)).toEqual(Object.keys(FIELDS));
});

describe.each(table)("$kind", ({ crd, kind }) => {
  const [version] = crd.spec.versions;
  const root = version.schema.openAPIV3Schema;

  test("is served under the names of MetalLB, with a status of its own", () => {
    const singular = kind.toLowerCase();
    const plural = singular.endsWith("s") ? `${singular}es` : `${singular}s`;
    expect(crd.metadata.name).toBe(`${plural}.metallb.io`);
    expect(crd.spec).toMatchObject({
      group: "metallb.io",
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular },
      versions: [{ name: "v1beta1", served: true, storage: true, subresources: { status: {} } }],
    });
  });

  test("has the fields, defaults and bounds of MetalLB", () => {
    const standard = /^(apiVersion|kind|metadata) /;
    expect(fieldsOf(root, "").filter((field) => !standard.test(field))).toEqual(FIELDS[kind]);
  });

  test("shows the columns of MetalLB", () => {
    const columns = version.additionalPrinterColumns.map(({ jsonPath, name, priority, type }) =>
      [name, type, jsonPath, ...(priority === undefined ? [] : [priority])].join(" "),
    );
    expect(columns).toEqual(COLUMNS[kind]);
  });

  test("selects by labels as metav1.LabelSelector does", () => {
    for (const schema of everySchema(root).filter(isSelector)) {
      expect(fieldsOf(schema, "")).toEqual(SELECTOR_FIELDS);
    }
  });

  test("explains each of its fields to kubectl explain", () => {
    const named = everySchema(root).flatMap(({ properties }) => Object.entries(properties ?? {}));
    const silent = named.filter(([name, { description }]) => name !== "metadata" && !description);
    expect(silent).toEqual([]);
    expect(root.description).toMatch(/\.$/);
  });
});
