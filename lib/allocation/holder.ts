import { ANNOTATION } from "#lib/api/annotations.ts";
import { readAnnotation } from "#lib/api/read-annotation.ts";
import type { Service } from "#lib/api/service.ts";
import { ofLastService } from "./of-last-service.ts";

/** What a Service brings to the addresses it holds: who it is, and with whom it shares. */
export interface Holder {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  /** The value of metallb.io/allow-shared-ip; empty when the Service shares with nobody. */
  readonly sharingKey: string;
  /**
   * The selector, as text, of a Service of externalTrafficPolicy Local; empty for Cluster. A node without endpoint drops
   * what arrives for a Local Service, so those that share must have the same endpoints.
   */
  readonly backendKey: string;
  /** As a person writes them: `TCP 443`. The API server lets none through that stands there twice. */
  readonly ports: readonly string[];
}

export const holderFrom = ofLastService((service): Holder => {
  const isLocal = service.externalTrafficPolicy === "Local";
  return {
    key: service.key,
    namespace: service.namespace,
    creationTimestamp: service.creationTimestamp,
    sharingKey: readAnnotation(service.annotations, ANNOTATION.allowSharedIp)?.value ?? "",
    backendKey: isLocal ? selectorText(service) : "",
    ports: service.ports.map(({ protocol, port }) => `${protocol} ${port}`),
  };
});

/** Holders of the same group share an address as long as their ports differ; one without group shares with nobody. */
export function groupOf(holder: Holder): string | undefined {
  // No label holds a line break, so the two keys cannot run into each other.
  return holder.sharingKey === "" ? undefined : `${holder.backendKey}\n${holder.sharingKey}`;
}

/** MetalLB's rule of sharing: a common key, the same endpoints, and no port of the one taken by the other. */
export function doShare(a: Holder, b: Holder): boolean {
  const group = groupOf(a);
  return (
    group !== undefined && group === groupOf(b) && !a.ports.some((port) => b.ports.includes(port))
  );
}

/** Which of two that show the same address and do not share keeps it: negative when it is the first. */
export function byPrecedence(
  a: Pick<Holder, "creationTimestamp" | "key">,
  b: Pick<Holder, "creationTimestamp" | "key">,
): number {
  return compareText(a.creationTimestamp, b.creationTimestamp) || compareText(a.key, b.key);
}

export function isSameHolder(a: Holder, b: Holder): boolean {
  return (
    a.key === b.key &&
    a.creationTimestamp === b.creationTimestamp &&
    a.sharingKey === b.sharingKey &&
    a.backendKey === b.backendKey &&
    a.ports.length === b.ports.length &&
    a.ports.every((port, index) => port === b.ports[index])
  );
}

function selectorText(service: Service): string {
  return Object.entries(service.selector)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}

function compareText(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
