import type { V1ObjectMeta } from "@kubernetes/client-node";
import { NO_LABELS } from "./absent.ts";
import { OWN_PREFIX } from "./annotations.ts";
import type { PoolObject } from "./pool-object.ts";
import type { Labels } from "./selector.ts";

export interface RawPool {
  readonly metadata?: V1ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** The spec is kept as it is, for `parsePools` to read together with the others. */
export function projectPool({ metadata = {}, spec, status }: RawPool): PoolObject {
  const { generation } = metadata;
  return {
    metadata: {
      name: metadata.name ?? "",
      namespace: metadata.namespace ?? "",
      uid: metadata.uid ?? "",
      resourceVersion: metadata.resourceVersion ?? "",
      ...(generation !== undefined && { generation }),
      labels: metadata.labels ?? NO_LABELS,
      annotations: ownAnnotations(metadata.annotations ?? NO_LABELS),
    },
    spec,
    status,
  };
}

function ownAnnotations(annotations: Labels): Labels {
  const own = Object.entries(annotations).filter(([key]) => key.startsWith(OWN_PREFIX));
  return own.length === 0 ? NO_LABELS : Object.fromEntries(own);
}
