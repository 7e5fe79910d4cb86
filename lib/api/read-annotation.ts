import { LEGACY_PREFIX } from "./annotations.ts";
import type { Labels } from "./selector.ts";

export interface Annotation {
  /** As the user wrote it, under either prefix. */
  readonly key: string;
  readonly value: string;
}

/** The annotation under its current key, even when it is empty there, or else under the older prefix. */
export function readAnnotation(annotations: Labels, key: string): Annotation | undefined {
  const legacyKey = LEGACY_PREFIX + key.slice(key.indexOf("/") + 1);
  for (const written of [key, legacyKey]) {
    const value = annotations[written];
    if (value !== undefined) {
      return { key: written, value };
    }
  }
  return undefined;
}
