import type { V1Service } from "@kubernetes/client-node";
import type { Service } from "#lib/api/service.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { servicePath } from "#lib/kube/paths.ts";
import type { StatusPatch } from "./status-patch.ts";

/** Writes that follow upon each other faster than this are a storm: thousands of Services are made at once. */
const LULL_MS = 200;

/** Writes the status of Services, and knows whether it is at it. */
export class StatusWriter {
  readonly #client: Pick<KubeClient, "strategicPatch">;
  readonly #clock: Clock;
  #underWay = 0;
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(client: Pick<KubeClient, "strategicPatch">, clock: Clock = systemClock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A write is under way, or was a moment ago, so that the next is likely to follow. */
  get isBusy(): boolean {
    return this.#underWay > 0 || this.#clock.now() - this.#endedAt < LULL_MS;
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
        this.#client.strategicPatch<Pick<V1Service, "metadata">>(path, patch, {
          query,
          signal,
          isMetadataEnough: true,
        }),
      );
      return written?.metadata?.resourceVersion;
    } finally {
      this.#endedAt = this.#clock.now();
      this.#underWay -= 1;
    }
  }
}
