import type { V1Node } from "@kubernetes/client-node";
import { areSameIps } from "#lib/address/ip.ts";
import type { NodeAddresses } from "#lib/api/node-addresses.ts";
import { projectNodeAddresses } from "#lib/api/project-node-addresses.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { PATHS } from "#lib/kube/paths.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import type { Log } from "#lib/log/log.ts";
import { coalesce } from "#lib/process/coalesce.ts";

/** Watches which addresses the nodes have. */
export class NodeAddressWatch {
  readonly #nodes: Reflector<V1Node, NodeAddresses>;

  /** @param changed called once all nodes are known, and then whenever one has come, gone or got other addresses */
  constructor(client: KubeClient, log: Log, changed: (nodes: readonly NodeAddresses[]) => void) {
    this.#nodes = new Reflector(client, {
      path: PATHS.nodes,
      project: projectNodeAddresses,
      log,
    });
    const tell = coalesce(() => this.hasSynced && changed([...this.#nodes.values()]));
    this.#nodes.on({
      added: ({ addresses }) => addresses.length > 0 && tell(),
      updated: (node, old) => !areSameIps(node.addresses, old.addresses) && tell(),
      deleted: ({ addresses }) => addresses.length > 0 && tell(),
      synced: tell,
    });
  }

  /** All nodes that existed at the start are known. */
  get hasSynced(): boolean {
    return this.#nodes.hasSynced;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#nodes.run(signal);
  }
}
