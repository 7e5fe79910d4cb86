import { ANNOTATION, LEGACY_PREFIX } from "./annotations.ts";
import type { Labels } from "./selector.ts";

const LEGACY_KEYS = new Map<string, string>(
  Object.values(ANNOTATION).map((key) => [key, LEGACY_PREFIX + key.slice(key.indexOf("/") + 1)]),
);

export interface Annotation {
  /** As the user wrote it, under either prefix. */
  readonly key: string;
  readonly value: string;
}

/** The annotation under its current key, even when it is empty there, or else under the older prefix. */
export function readAnnotation(
  annotations: Labels,
  key: (typeof ANNOTATION)[keyof typeof ANNOTATION],
): Annotation | undefined {
  const value = annotations[key];
  if (value !== undefined) {
    return { key, value };
  }
  const legacyKey = LEGACY_KEYS.get(key) ?? key;
  const legacyValue = annotations[legacyKey];
  return legacyValue === undefined ? undefined : { key: legacyKey, value: legacyValue };
}
