import type { Labels } from "./selector.ts";

/** What the controller keeps of a core/v1 Namespace. */
export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}
