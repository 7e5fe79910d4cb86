import { isSameLabels, type Labels } from "./selector.ts";

/** What is kept of an IPAddressPool as it stands in the cluster, good or not. */
export interface PoolObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    /** Raised by each change of the spec, and by no change of metadata or status. */
    readonly generation?: number;
    readonly labels: Labels;
    /** Those under herald-lb.io/, known or not. */
    readonly annotations: Labels;
  };
  readonly spec: unknown;
  /** As Herald or another controller has written it last. */
  readonly status: unknown;
}

/** Whether two states of one object read as the same pool: a status is written up to once a second, and changes nothing. */
export function readsTheSame(a: PoolObject, b: PoolObject): boolean {
  return (
    a.metadata.generation !== undefined &&
    a.metadata.generation === b.metadata.generation &&
    isSameLabels(a.metadata.labels, b.metadata.labels) &&
    isSameLabels(a.metadata.annotations, b.metadata.annotations)
  );
}
