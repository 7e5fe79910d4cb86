import { FieldError } from "./field-error.ts";
import type { L2Advertisement, PreferredNodes } from "./l2-advertisement.ts";
import { byName, namedObjectFrom } from "./named-object.ts";
import { ObjectReader } from "./object-reader.ts";
import { parseSelector, parseSelectors } from "./parse-selector.ts";
import type { Parsed, Problem } from "./problem.ts";
import { readInteger, readList, readNames, readObject, readString } from "./read-field.ts";

const MIN_WEIGHT = 1;
const MAX_WEIGHT = 100;

/** Reads all L2Advertisements. Problems of one spoil them all. The advertisements, or the problems, come sorted by name. */
export function parseL2Advertisements(raw: readonly unknown[]): Parsed<readonly L2Advertisement[]> {
  const parsed = raw
    .map(parseL2Advertisement)
    .sort((a, b) => byName(a.advertisement, b.advertisement));
  const problems = parsed.flatMap((one) => one.problems);
  return problems.length > 0
    ? { kind: "problems", problems }
    : { kind: "value", value: parsed.map(({ advertisement }) => advertisement) };
}

interface ParsedAdvertisement {
  readonly advertisement: L2Advertisement;
  readonly problems: readonly Problem[];
}

function parseL2Advertisement(raw: unknown): ParsedAdvertisement {
  const { name, spec } = namedObjectFrom(raw);
  const reader = new ObjectReader("L2Advertisement", name);
  const fields = reader.read("spec", (path) => readObject(spec, path), {});
  const list = <T>(field: string, read: (raw: unknown, path: string) => readonly T[]) =>
    reader.read<readonly T[]>(`spec.${field}`, (path) => read(fields[field], path), []);
  const advertisement = {
    name,
    pools: list("ipAddressPools", readNames),
    poolSelectors: list("ipAddressPoolSelectors", parseSelectors),
    nodeSelectors: list("nodeSelectors", parseSelectors),
    interfaces: list("interfaces", readTexts),
    serviceSelectors: list("serviceSelectors", parseSelectors),
    preferredNodes: list("preferredNodeSelectors", parsePreferences),
  };
  return { advertisement, problems: reader.problems };
}

/** @throws {FieldError} when an entry cannot be used */
function parsePreferences(raw: unknown, field: string): readonly PreferredNodes[] {
  return readList(raw, field).map((entry, index) => parsePreference(entry, `${field}[${index}]`));
}

function parsePreference(raw: unknown, field: string): PreferredNodes {
  const { weight: rawWeight, preference } = readObject(raw, field);
  const weight = readInteger(rawWeight, `${field}.weight`, 0);
  if (weight < MIN_WEIGHT || weight > MAX_WEIGHT) {
    throw new FieldError(
      `${field}.weight`,
      `${weight} is no weight: write a number from ${MIN_WEIGHT} to ${MAX_WEIGHT}`,
    );
  }
  return { weight, selector: parseSelector(preference, `${field}.preference`) };
}

/** Texts that may repeat, as MetalLB lets the names of interfaces. */
function readTexts(raw: unknown, field: string): readonly string[] {
  return readList(raw, field).map((entry, index) => readString(entry, `${field}[${index}]`));
}
