import type { V1Namespace } from "@kubernetes/client-node";
import { NO_LABELS } from "./absent.ts";
import type { Namespace } from "./namespace.ts";

export function projectNamespace({ metadata }: V1Namespace): Namespace {
  return { name: metadata?.name ?? "", labels: metadata?.labels ?? NO_LABELS };
}
