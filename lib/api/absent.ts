/** What absent fields read as. Each is one object for all, because ten thousand Services lack the same fields. */

import type { Labels } from "./selector.ts";

export const NO_LABELS: Labels = Object.freeze({});

export const NO_TEXTS: readonly string[] = Object.freeze([]);
