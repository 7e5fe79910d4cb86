/**
 * Tidies up Services that are load balancers no more. The watch shows those of type LoadBalancer alone, so that a change
 * of type looks like a deletion: whoever left the view is read once, and if it lives, what Herald wrote is taken off it.
 */

import type { V1Service } from "@kubernetes/client-node";
import { ANNOTATION, CONDITION } from "#lib/api/annotations.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { listPages } from "#lib/kube/listing.ts";
import { PATHS, servicePath } from "#lib/kube/paths.ts";
import type { Log } from "#lib/log/log.ts";

/** The strategic merge patch of services/status that takes Herald's words off a Service, or undefined when there are none. */
export function departurePatch(service: V1Service): object | undefined {
  const { metadata, spec, status } = service;
  if (spec?.type === "LoadBalancer") {
    return undefined;
  }
  const ours: readonly string[] = Object.values(CONDITION);
  const conditions = (status?.conditions ?? []).filter(({ type }) => ours.includes(type));
  const annotated = metadata?.annotations?.[ANNOTATION.allocatedFromPool] !== undefined;
  if (!annotated && conditions.length === 0) {
    return undefined;
  }
  return {
    metadata: {
      resourceVersion: metadata?.resourceVersion,
      ...(annotated && { annotations: { [ANNOTATION.allocatedFromPool]: null } }),
    },
    status: {
      loadBalancer: { ingress: null },
      conditions: conditions.map(({ type }) => ({ $patch: "delete", type })),
    },
  };
}

/** Looks through all Services that are no load balancers for words of Herald's: nobody may have watched when they changed. */
export async function sweepDeparted(
  client: KubeClient,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const selectors = { fieldSelector: "spec.type!=LoadBalancer" };
  for await (const { items } of listPages(client, PATHS.services, selectors, signal)) {
    for (const service of items as readonly V1Service[]) {
      await tidy(client, service, log, signal);
    }
  }
}

/** Reads the Service at the path, and takes Herald's words off it if it is there and is no load balancer. */
export async function tidyDeparted(
  client: KubeClient,
  path: string,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const service = await unlessGone(client.get<V1Service>(path, { signal }));
  if (service !== undefined) {
    await tidy(client, service, log, signal);
  }
}

async function tidy(
  client: KubeClient,
  service: V1Service,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const patch = departurePatch(service);
  const { namespace = "", name = "" } = service.metadata ?? {};
  if (patch !== undefined) {
    const path = `${servicePath({ namespace, name })}/status`;
    await unlessGone(client.strategicPatch(path, patch, { signal }));
    const type = service.spec?.type;
    log.info("service is no load balancer any more", { service: `${namespace}/${name}`, type });
  }
}
