/** What every object of the configuration has, of whatever kind. */
export interface NamedObject {
  /** Empty when it is missing. */
  readonly name: string;
  readonly labels: unknown;
  readonly annotations: unknown;
  readonly spec: unknown;
}

/** Takes apart what the API server or a file gave; what is no object has none of these fields. */
export function namedObjectFrom(raw: unknown): NamedObject {
  const { metadata, spec } = fieldsOf(raw);
  const { name, labels, annotations } = fieldsOf(metadata);
  return { name: typeof name === "string" ? name : "", labels, annotations, spec };
}

/** In the order of names, for `sort`. */
export function byName(a: Pick<NamedObject, "name">, b: Pick<NamedObject, "name">): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

function fieldsOf(raw: unknown): Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null ? (raw as Readonly<Record<string, unknown>>) : {};
}
