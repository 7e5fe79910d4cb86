/** Pools, watched and read as one with the namespaces that they select; what cannot be used leaves the last good in force. */

import { isDeepStrictEqual } from "node:util";
import type { V1Namespace } from "@kubernetes/client-node";
import type { Namespace } from "#lib/api/namespace.ts";
import { parsePools } from "#lib/api/parse-pools.ts";
import type { Pool } from "#lib/api/pool.ts";
import { type PoolObject, readsTheSame } from "#lib/api/pool-object.ts";
import type { Problem } from "#lib/api/problem.ts";
import { projectNamespace } from "#lib/api/project-namespace.ts";
import { projectPool, type RawPool } from "#lib/api/project-pool.ts";
import { isSameLabels } from "#lib/api/selector.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { metallbPath, PATHS } from "#lib/kube/paths.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import type { Log } from "#lib/log/log.ts";
import { coalesce } from "#lib/process/coalesce.ts";

export interface ConfigurationListener {
  /** These pools are in force now. */
  changed(pools: readonly Pool[]): void;
  /** What was wrong with what was read last; empty: nothing. */
  checked(problems: readonly Problem[]): void;
  /** A pool is there, or something of it has changed, be it only its status. */
  poolSeen(name: string): void;
}

export class Configuration {
  readonly #listener: ConfigurationListener;
  readonly #namespaces: Reflector<V1Namespace, Namespace>;
  readonly #namespace: string;
  readonly #pools: Reflector<RawPool, PoolObject>;
  #inForce: readonly Pool[] | undefined;

  constructor(client: KubeClient, namespace: string, log: Log, listener: ConfigurationListener) {
    this.#listener = listener;
    this.#namespace = namespace;
    this.#pools = new Reflector(client, {
      path: metallbPath(namespace, "ipaddresspools"),
      project: projectPool,
      log,
    });
    this.#namespaces = new Reflector(client, {
      path: PATHS.namespaces,
      project: projectNamespace,
      log,
    });
    const readAgain = coalesce(() => this.#read());
    const always = { added: readAgain, updated: readAgain, deleted: readAgain, synced: readAgain };
    this.#pools.on({
      ...always,
      added: ({ metadata }) => {
        readAgain();
        listener.poolSeen(metadata.name);
      },
      updated: (pool, old) => {
        if (!readsTheSame(pool, old)) {
          readAgain();
        }
        listener.poolSeen(pool.metadata.name);
      },
    });
    this.#namespaces.on({
      ...always,
      updated: (now, old) => {
        if (!isSameLabels(now.labels, old.labels)) {
          readAgain();
        }
      },
    });
  }

  /** The object as it stands in the cluster, good or not. */
  pool(name: string): PoolObject | undefined {
    return this.#pools.get(`${this.#namespace}/${name}`);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#pools.run(signal), this.#namespaces.run(signal)]);
  }

  #read(): void {
    if (!(this.#pools.hasSynced && this.#namespaces.hasSynced)) {
      return;
    }
    const parsed = parsePools([...this.#pools.values()], [...this.#namespaces.values()]);
    this.#listener.checked(parsed.kind === "problems" ? parsed.problems : []);
    if (parsed.kind === "value" && !isDeepStrictEqual(parsed.value, this.#inForce)) {
      this.#inForce = parsed.value;
      this.#listener.changed(parsed.value);
    }
  }
}
