/** From IPAddressPool objects to pools that can be used, or to sentences that say why they cannot. */

import { parseRange } from "#lib/address/ip-range.ts";
import { POOL_ANNOTATION } from "./annotations.ts";
import { FieldError } from "./field-error.ts";
import { byName, namedObjectFrom } from "./named-object.ts";
import type { Namespace } from "./namespace.ts";
import { ObjectReader } from "./object-reader.ts";
import { parseSelectors } from "./parse-selector.ts";
import type { Pool, ServiceAllocation } from "./pool.ts";
import { exclude } from "./pool-exclusions.ts";
import { type ListedRange, refuseOverlaps } from "./pool-overlap.ts";
import type { Parsed } from "./problem.ts";
import {
  readBoolean,
  readInteger,
  readList,
  readNames,
  readObject,
  readString,
} from "./read-field.ts";
import { readPoolAnnotations } from "./read-pool-annotations.ts";
import { type Labels, matchesAny } from "./selector.ts";

/** Reads all IPAddressPools together, since none may overlap another. The pools, or the problems, come sorted by name. */
export function parsePools(
  raw: readonly unknown[],
  namespaces: readonly Namespace[],
): Parsed<readonly Pool[]> {
  const parsed = raw
    .map((object) => parsePool(object, namespaces))
    .sort((a, b) => byName(a.pool, b.pool));
  refuseSameNames(parsed);
  refuseOverlaps(parsed.flatMap(({ listed }) => listed));
  const problems = parsed.flatMap(({ reader }) => reader.problems);
  return problems.length > 0
    ? { kind: "problems", problems }
    : { kind: "value", value: parsed.map(({ pool }) => pool) };
}

interface ParsedPool {
  readonly pool: Pool;
  /** The ranges that could be read, each with its place. */
  readonly listed: readonly ListedRange[];
  readonly reader: ObjectReader;
}

function parsePool(raw: unknown, namespaces: readonly Namespace[]): ParsedPool {
  const { name, labels, annotations, spec } = namedObjectFrom(raw);
  const reader = new ObjectReader("IPAddressPool", name);
  if (name === "") {
    reader.add(new FieldError("metadata.name", "it is missing: give the pool a name"));
  }
  const fields = reader.read("spec", (field) => readObject(spec, field), {});
  const { addresses, autoAssign, avoidBuggyIPs, serviceAllocation } = fields;
  const listed = readAddresses(addresses, name, reader);
  const allocation = readServiceAllocation(serviceAllocation, namespaces, reader);
  const { exclusions, ...limits } = readPoolAnnotations(annotations, reader);
  const addressesOf = exclude(
    listed.map(({ range }) => range),
    exclusions,
  );
  const pool: Pool = {
    name,
    labels: reader.read("metadata.labels", (field) => readLabels(labels, field), {}),
    ...addressesOf,
    ...limits,
    autoAssign: reader.read(
      "spec.autoAssign",
      (field) => readBoolean(autoAssign, field, true),
      true,
    ),
    avoidBuggyIps: reader.read(
      "spec.avoidBuggyIPs",
      (field) => readBoolean(avoidBuggyIPs, field, false),
      false,
    ),
    ...(allocation && { serviceAllocation: allocation }),
  };
  if (pool.ranges.length === 0 && reader.problems.length === 0) {
    const why = "nothing is left of the pool: exclude less, or delete the pool";
    reader.add(new FieldError(`metadata.annotations[${POOL_ANNOTATION.exclude}]`, why));
  }
  return { pool, listed, reader };
}

function readAddresses(raw: unknown, pool: string, reader: ObjectReader): readonly ListedRange[] {
  const entries = reader.read("spec.addresses", (field) => readList(raw, field), undefined);
  if (entries?.length === 0) {
    const why = "the pool has no addresses: add a CIDR such as 192.0.2.0/24, or a range";
    reader.add(new FieldError("spec.addresses", why));
  }
  return (entries ?? []).flatMap((entry, index) => {
    const field = `spec.addresses[${index}]`;
    const range = reader.read(field, () => parseRange(readString(entry, field)), undefined);
    return range === undefined ? [] : [{ range, pool, field, reader }];
  });
}

function readServiceAllocation(
  raw: unknown,
  all: readonly Namespace[],
  reader: ObjectReader,
): ServiceAllocation | undefined {
  if (raw === undefined || raw === null) {
    return undefined;
  }
  const path = "spec.serviceAllocation";
  const fields = reader.read(path, (field) => readObject(raw, field), {});
  const { priority, namespaces, namespaceSelectors, serviceSelectors } = fields;
  const listed = reader.read(`${path}.namespaces`, (field) => readNames(namespaces, field), []);
  const selectors = reader.read(
    `${path}.namespaceSelectors`,
    (field) => parseSelectors(namespaceSelectors, field),
    [],
  );
  const selected = all.filter(({ labels }) => matchesAny(selectors, labels));
  // Selectors that match no namespace allow none. MetalLB then forgets the restriction, and the wall between tenants
  // falls with the last label.
  const isRestricted = listed.length > 0 || selectors.length > 0;
  const allowed = new Set([...listed, ...selected.map(({ name }) => name)]);
  return {
    priority: reader.read(`${path}.priority`, (field) => readInteger(priority, field, 0), 0),
    ...(isRestricted && { namespaces: [...allowed].sort() }),
    serviceSelectors: reader.read(
      `${path}.serviceSelectors`,
      (field) => parseSelectors(serviceSelectors, field),
      [],
    ),
  };
}

function readLabels(raw: unknown, field: string): Labels {
  const labels = Object.entries(readObject(raw, field));
  return Object.fromEntries(
    labels.map(([key, value]) => [key, readString(value, `${field}.${key}`)]),
  );
}

function refuseSameNames(sorted: readonly ParsedPool[]): void {
  for (const [index, { pool, reader }] of sorted.entries()) {
    if (index > 0 && pool.name !== "" && sorted[index - 1]?.pool.name === pool.name) {
      reader.add(new FieldError("metadata.name", "another pool has the same name: rename one"));
    }
  }
}
