/** Reads the fields of an object that the API server or a YAML file gave, when nothing about its shape is certain. */

import { FieldError } from "./field-error.ts";

/**
 * A field that is absent or null reads as an object without fields.
 *
 * @throws {FieldError} when it is something else than an object
 */
export function readObject(raw: unknown, field: string): Readonly<Record<string, unknown>> {
  if (raw === undefined || raw === null) {
    return {};
  }
  if (!isObject(raw)) {
    throw new FieldError(field, `${show(raw)} is not an object: write fields with values`);
  }
  return raw;
}

/**
 * A field that is absent or null reads as an empty list.
 *
 * @throws {FieldError} when it is something else than a list
 */
export function readList(raw: unknown, field: string): readonly unknown[] {
  if (raw === undefined || raw === null) {
    return [];
  }
  if (!Array.isArray(raw)) {
    throw new FieldError(field, `${show(raw)} is not a list: write each entry after a dash`);
  }
  return raw;
}

/** @throws {FieldError} when it is absent, or not text */
export function readString(raw: unknown, field: string): string {
  if (raw === undefined || raw === null) {
    throw new FieldError(field, "it is missing: add it");
  }
  if (typeof raw !== "string") {
    throw new FieldError(field, `${show(raw)} is not text: put it in quotes`);
  }
  return raw;
}

/**
 * A list of text in which nothing stands twice: a repeated entry is most likely a slip for another one.
 *
 * @throws {FieldError} when it is no list, an entry is not text, or two are the same
 */
export function readNames(raw: unknown, field: string): readonly string[] {
  const names = readList(raw, field).map((entry, index) => readString(entry, `${field}[${index}]`));
  refuseRepeated(names, field);
  return names;
}

/** @throws {FieldError} when two entries are the same */
export function refuseRepeated(entries: readonly string[], field: string): void {
  const places = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    const first = places.get(entry);
    if (first !== undefined) {
      throw new FieldError(
        `${field}[${index}]`,
        `it repeats ${field}[${first}]: remove one of the two`,
      );
    }
    places.set(entry, index);
  }
}

/** @throws {FieldError} when it is there and no boolean */
export function readBoolean(raw: unknown, field: string, byDefault: boolean): boolean {
  if (raw === undefined || raw === null) {
    return byDefault;
  }
  if (typeof raw !== "boolean") {
    throw new FieldError(field, `${show(raw)} is not a boolean: write true or false`);
  }
  return raw;
}

/** @throws {FieldError} when it is there and no whole number */
export function readInteger(raw: unknown, field: string, byDefault: number): number {
  if (raw === undefined || raw === null) {
    return byDefault;
  }
  if (typeof raw !== "number" || !Number.isSafeInteger(raw)) {
    throw new FieldError(field, `${show(raw)} is not a whole number: write one without quotes`);
  }
  return raw;
}

/** The value as JSON, cut to a length that fits into a sentence. */
export function show(raw: unknown): string {
  const text = JSON.stringify(raw) ?? typeof raw;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isObject(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}
