import type { V1Service } from "@kubernetes/client-node";
import type { Service } from "#lib/api/service.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { servicePath } from "#lib/kube/paths.ts";
import type { StatusPatch } from "./status-patch.ts";

/** Writes the status of Services, and knows whether it is at it. */
export class StatusWriter {
  readonly #client: KubeClient;
  #underWay = 0;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /**
   * @returns the resourceVersion after the write; undefined when the Service is gone
   * @throws {KubeError}
   */
  async write(
    service: Service,
    patch: StatusPatch,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const path = `${servicePath(service)}/status`;
    // The fields are right, and looking for others costs the API server.
    const query = { fieldValidation: "Ignore" };
    this.#underWay += 1;
    try {
      const written = await unlessGone(
        this.#client.strategicPatch<V1Service>(path, patch, { query, signal }),
      );
      return written?.metadata?.resourceVersion;
    } finally {
      this.#underWay -= 1;
    }
  }
}
