/** What the speaker keeps of Services, their endpoints and the nodes. */

import type { V1EndpointSlice, V1Node, V1Service } from "@kubernetes/client-node";
import type { EndpointSlice } from "#lib/api/endpoint-slice.ts";
import type { Node } from "#lib/api/node.ts";
import { projectEndpointSlice } from "#lib/api/project-endpoint-slice.ts";
import { projectNode } from "#lib/api/project-node.ts";
import { projectService } from "#lib/api/project-service.ts";
import { isServedBy, type Service } from "#lib/api/service.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { PATHS } from "#lib/kube/paths.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import type { Log } from "#lib/log/log.ts";
import { coalesce } from "#lib/process/coalesce.ts";

export interface CacheListener {
  /** The Service or one of its EndpointSlices changed, came or went. */
  serviceChanged(key: string): void;
  /** A node changed, came or went. */
  nodesChanged(): void;
}

export class Caches {
  readonly #lbClass: string;
  readonly #services: Reflector<V1Service, Service>;
  readonly #slices: Reflector<V1EndpointSlice, EndpointSlice>;
  readonly #nodes: Reflector<V1Node, Node>;
  readonly #slicesOf = new Map<string, Map<string, EndpointSlice>>();

  constructor(client: KubeClient, lbClass: string, log: Log, listener: CacheListener) {
    this.#lbClass = lbClass;
    this.#services = new Reflector(client, {
      path: PATHS.services,
      fieldSelector: "spec.type=LoadBalancer",
      project: projectService,
      log,
    });
    this.#slices = new Reflector(client, {
      path: PATHS.endpointSlices,
      project: projectEndpointSlice,
      log,
    });
    this.#nodes = new Reflector(client, { path: PATHS.nodes, project: projectNode, log });

    const service = ({ key }: Service) => listener.serviceChanged(key);
    this.#services.on({ added: service, updated: service, deleted: service });
    const put = (slice: EndpointSlice) => {
      const slices = this.#slicesOf.get(slice.service) ?? new Map<string, EndpointSlice>();
      this.#slicesOf.set(slice.service, slices.set(slice.name, slice));
      listener.serviceChanged(slice.service);
    };
    this.#slices.on({
      added: put,
      updated: (slice, old) => {
        if (old.service !== slice.service) {
          this.#forget(old);
          listener.serviceChanged(old.service);
        }
        put(slice);
      },
      deleted: (slice) => {
        this.#forget(slice);
        listener.serviceChanged(slice.service);
      },
    });
    const nodes = coalesce(() => listener.nodesChanged());
    this.#nodes.on({
      added: nodes,
      // Most updates of a Node are its kubelet's reports, of which nothing is kept here.
      updated: (node, old) => {
        if (JSON.stringify(node) !== JSON.stringify(old)) {
          nodes();
        }
      },
      deleted: nodes,
    });
  }

  get synced(): Promise<unknown> {
    return Promise.all([this.#services.synced, this.#slices.synced, this.#nodes.synced]);
  }

  /** How much of it the API server has told. */
  get told(): "nothing" | "some" | "all" {
    const collections = [this.#services, this.#slices, this.#nodes];
    const told = collections.filter(({ hasSynced }) => hasSynced).length;
    return told === 0 ? "nothing" : told < collections.length ? "some" : "all";
  }

  /** The Service, unless another implementation of load balancers is meant to serve it. */
  service(key: string): Service | undefined {
    const service = this.#services.get(key);
    return service !== undefined && isServedBy(service, this.#lbClass) ? service : undefined;
  }

  *services(): Iterable<Service> {
    for (const service of this.#services.values()) {
      if (isServedBy(service, this.#lbClass)) {
        yield service;
      }
    }
  }

  nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  servingNodes(service: string): readonly (string | undefined)[] {
    return [...(this.#slicesOf.get(service)?.values() ?? [])].flatMap(
      ({ servingNodes }) => servingNodes,
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#services.run(signal),
      this.#slices.run(signal),
      this.#nodes.run(signal),
    ]);
  }

  #forget({ name, service }: EndpointSlice): void {
    const slices = this.#slicesOf.get(service);
    slices?.delete(name);
    if (slices?.size === 0) {
      this.#slicesOf.delete(service);
    }
  }
}
