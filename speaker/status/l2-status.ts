/** ServiceL2Status: which node announces a Service, on which links. Written by the node that took the Service over. */

import type { KubeClient } from "#lib/kube/client.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import type { Log } from "#lib/log/log.ts";
import type { OwnerReference } from "#lib/report/configuration-state.ts";

const API_VERSION = "metallb.io/v1beta1";

const LABEL = {
  node: "metallb.io/node",
  serviceName: "metallb.io/service-name",
  serviceNamespace: "metallb.io/service-namespace",
} as const;

interface RawL2Status {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly node?: string;
    readonly interfaces?: readonly { readonly name?: string }[];
  };
}

/** One object as it stands in the cluster. */
export interface L2Status {
  readonly name: string;
  /** `namespace/name`. */
  readonly service: string;
  readonly node: string;
  /** Sorted names; empty: every link. Undefined until the status was written. */
  readonly interfaces: readonly string[] | undefined;
}

/** What is to be written or removed for one Service. */
export interface L2StatusSteps {
  readonly remove: readonly string[];
  /** Name of the object whose status is to be written; undefined with `write` true: make one. */
  readonly into?: string;
  readonly write: boolean;
}

/** How this node stands to the Service. */
export type Standing =
  /** It took the Service over and has not said so yet. */
  | "taken"
  /** It owns the Service and has said so. */
  | "held"
  /** Another node owns it, or nobody. */
  | "none"
  /** There is no such Service any more, and this node tidies up for all. */
  | "gone";

/**
 * Decides what to do about the objects of one Service. Who takes over removes the objects of others, once. An owner
 * whose object was replaced by another node's has been taken for dead, cut from the network though not from the API:
 * it says nothing more until ownership changes again, or the two would overwrite each other for ever.
 *
 * @param interfaces sorted names; empty: every link
 */
export function l2StatusSteps(
  objects: readonly L2Status[],
  node: string,
  standing: Standing,
  interfaces: readonly string[],
): L2StatusSteps {
  const own = objects.filter((object) => object.node === node);
  const foreign = objects.filter((object) => object.node !== node);
  const names = (list: readonly L2Status[]) => list.map(({ name }) => name);
  if (standing === "none" || standing === "gone") {
    return { remove: names(standing === "gone" ? objects : own), write: false };
  }
  const [kept, ...duplicates] = own;
  if (standing === "held" && kept === undefined && foreign.length > 0) {
    return { remove: [], write: false };
  }
  const remove = [...names(duplicates), ...(standing === "taken" ? names(foreign) : [])];
  const write = kept?.interfaces?.join() !== interfaces.join();
  return { remove, write, ...(kept !== undefined && { into: kept.name }) };
}

export interface L2StatusOptions {
  readonly client: KubeClient;
  /** The namespace of the configuration. */
  readonly namespace: string;
  readonly node: string;
  readonly owners: readonly OwnerReference[];
  readonly log: Log;
}

/** The objects of the cluster, by Service, and the writes to them. */
export class L2Statuses {
  readonly reflector: Reflector<RawL2Status, L2Status>;
  readonly #options: L2StatusOptions;
  readonly #path: string;
  readonly #byService = new Map<string, Map<string, L2Status>>();

  /** @param onChange called with the key of the Service whose objects changed */
  constructor(options: L2StatusOptions, onChange: (service: string) => void) {
    this.#options = options;
    this.#path = `/apis/${API_VERSION}/namespaces/${options.namespace}/servicel2statuses`;
    this.reflector = new Reflector(options.client, {
      path: this.#path,
      project: projectL2Status,
      log: options.log,
    });
    const put = (object: L2Status) => {
      this.#keep(object);
      onChange(object.service);
    };
    this.reflector.on({
      added: put,
      updated: put,
      deleted: (object) => {
        const objects = this.#byService.get(object.service);
        objects?.delete(object.name);
        if (objects?.size === 0) {
          this.#byService.delete(object.service);
        }
        onChange(object.service);
      },
    });
  }

  /** Keys of the Services of which objects exist. */
  services(): Iterable<string> {
    return this.#byService.keys();
  }

  /** Brings the objects of one Service in line with the standing. */
  async write(
    service: string,
    standing: Standing,
    interfaces: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { client, node } = this.#options;
    const objects = [...(this.#byService.get(service)?.values() ?? [])];
    const steps = l2StatusSteps(objects, node, standing, interfaces);
    if (steps.write) {
      const name = steps.into ?? (await this.#make(service, signal));
      const [serviceNamespace = "", serviceName = ""] = service.split("/");
      const status = {
        node,
        serviceName,
        serviceNamespace,
        interfaces: interfaces.map((link) => ({ name: link })),
      };
      await client.mergePatch(`${this.#path}/${name}/status`, { status }, { signal });
      // Until the watch tells of it, so that another pass does not make a second one.
      this.#keep({ name, service, node, interfaces });
    }
    for (const name of steps.remove) {
      await unlessGone(client.delete(`${this.#path}/${name}`, { signal }));
    }
  }

  #keep(object: L2Status): void {
    const objects = this.#byService.get(object.service) ?? new Map<string, L2Status>();
    this.#byService.set(object.service, objects.set(object.name, object));
  }

  async #make(service: string, signal: AbortSignal): Promise<string> {
    const { client, node, owners } = this.#options;
    const [serviceNamespace = "", serviceName = ""] = service.split("/");
    const labels = {
      [LABEL.node]: node,
      [LABEL.serviceName]: serviceName,
      [LABEL.serviceNamespace]: serviceNamespace,
    };
    const object = {
      apiVersion: API_VERSION,
      kind: "ServiceL2Status",
      metadata: { generateName: "l2-", labels, ownerReferences: owners },
      spec: {},
    };
    const made = await client.post<RawL2Status>(this.#path, object, { signal });
    return made.metadata.name;
  }
}

function projectL2Status({ metadata, status }: RawL2Status): L2Status {
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    service: `${labels[LABEL.serviceNamespace] ?? ""}/${labels[LABEL.serviceName] ?? ""}`,
    node: labels[LABEL.node] ?? "",
    interfaces: status?.node === undefined ? undefined : interfacesOf(status),
  };
}

function interfacesOf(status: NonNullable<RawL2Status["status"]>): readonly string[] {
  return (status.interfaces ?? []).map(({ name }) => name ?? "").sort();
}
