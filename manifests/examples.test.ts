import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseL2Advertisements } from "#lib/api/parse-l2-advertisements.ts";
import { parsePools } from "#lib/api/parse-pools.ts";
import { type KubernetesObject, readDocuments } from "./documents.ts";

const EXAMPLES = join(import.meta.dirname, "examples");
/** MetalLB's own samples: they are not part of Herald, and are read where a copy lies beside the checkout. */
const SAMPLES = join(import.meta.dirname, "../../shared/samples");

const KNOWN = new Set([
  "metallb.io/v1beta1 IPAddressPool",
  "metallb.io/v1beta1 L2Advertisement",
  "apps/v1 Deployment",
  "v1 Service",
]);

function yamlFiles(folder: string): string[] {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.filter((file) => file.endsWith(".yaml")).map((file) => join(folder, file));
}

function ofKind(objects: readonly KubernetesObject[], kind: string): KubernetesObject[] {
  return objects.filter((object) => object.kind === kind);
}

function expectUnderstood(objects: readonly KubernetesObject[]): void {
  const pools = ofKind(objects, "IPAddressPool");
  const advertisements = ofKind(objects, "L2Advertisement");
  expect(parsePools(pools, [])).toMatchObject({ kind: "value", value: { length: pools.length } });
  expect(parseL2Advertisements(advertisements)).toMatchObject({
    kind: "value",
    value: { length: advertisements.length },
  });
}

describe.each(yamlFiles(EXAMPLES))("%s", (file) => {
  const objects = readDocuments(file);

  test("begins by saying what it is for", () => {
    expect(readFileSync(file, "utf8")).toMatch(/^# \S/);
  });

  test("holds objects of kinds that Herald or Kubernetes serves", () => {
    const kinds = objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
    expect(kinds.filter((kind) => !KNOWN.has(kind))).toEqual([]);
  });
});

test("all examples can be applied together: no pool overlaps another, no name is used twice", () => {
  const objects = yamlFiles(EXAMPLES).flatMap(readDocuments);
  expectUnderstood(objects);
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(names).toEqual([...new Set(names)]);
});

const samples = yamlFiles(SAMPLES);

test(`understands every pool and L2Advertisement of MetalLB's samples (${samples.length} files here)`, () => {
  for (const file of samples) {
    expectUnderstood(readDocuments(file));
  }
});
