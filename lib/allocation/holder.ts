import { ANNOTATION } from "#lib/api/annotations.ts";
import { readAnnotation } from "#lib/api/read-annotation.ts";
import type { Service } from "#lib/api/service.ts";

/** What a Service brings to the addresses it holds: who it is, and with whom it shares. */
export interface Holder {
  /** `namespace/name`. */
  readonly service: string;
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

export function holderFrom(service: Service): Holder {
  const isLocal = service.externalTrafficPolicy === "Local";
  return {
    service: service.key,
    sharingKey: readAnnotation(service.annotations, ANNOTATION.allowSharedIp)?.value ?? "",
    backendKey: isLocal ? selectorText(service) : "",
    ports: service.ports.map(({ protocol, port }) => `${protocol} ${port}`),
  };
}

/** Holders of the same group share an address as long as their ports differ; one without group shares with nobody. */
export function groupOf(holder: Holder): string | undefined {
  // No label holds a line break, so the two keys cannot run into each other.
  return holder.sharingKey === "" ? undefined : `${holder.backendKey}\n${holder.sharingKey}`;
}

export function isSameHolder(a: Holder, b: Holder): boolean {
  return (
    a.service === b.service &&
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
