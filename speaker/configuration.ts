/** Pools and L2Advertisements: watched, read as one, and kept as they were while what is new cannot be used. */

import type { L2Advertisement } from "#lib/api/l2-advertisement.ts";
import { parseL2Advertisements } from "#lib/api/parse-l2-advertisements.ts";
import { parsePools } from "#lib/api/parse-pools.ts";
import type { Pool } from "#lib/api/pool.ts";
import { type PoolObject, readsTheSame } from "#lib/api/pool-object.ts";
import type { Problem } from "#lib/api/problem.ts";
import { projectPool, type RawPool } from "#lib/api/project-pool.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { metallbPath } from "#lib/kube/paths.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import type { Log } from "#lib/log/log.ts";
import { coalesce } from "#lib/process/coalesce.ts";

export interface ConfigurationListener {
  /** What is in force has changed. */
  changed(): void;
  /**
   * What was wrong with what was read last; empty: nothing.
   *
   * @param hasLastGood whether a good configuration is in force
   */
  checked(problems: readonly Problem[], hasLastGood: boolean): void;
}

export class Configuration {
  pools: readonly Pool[] = [];
  advertisements: readonly L2Advertisement[] = [];
  readonly #pools: Reflector<RawPool, PoolObject>;
  readonly #advertisements: Reflector<unknown, unknown>;
  readonly #listener: ConfigurationListener;
  readonly #inForce = Promise.withResolvers<void>();
  #hasLastGood = false;

  constructor(client: KubeClient, namespace: string, log: Log, listener: ConfigurationListener) {
    this.#listener = listener;
    this.#pools = new Reflector(client, {
      path: metallbPath(namespace, "ipaddresspools"),
      project: projectPool,
      log,
    });
    this.#advertisements = new Reflector<unknown, unknown>(client, {
      path: metallbPath(namespace, "l2advertisements"),
      project: (raw) => raw,
      log,
    });
    const readAgain = coalesce(() => this.#read());
    const always = { added: readAgain, updated: readAgain, deleted: readAgain, synced: readAgain };
    this.#pools.on({
      ...always,
      updated: (pool, old) => {
        if (!readsTheSame(pool, old)) {
          readAgain();
        }
      },
    });
    this.#advertisements.on(always);
  }

  /** Resolves when a configuration that can be used is in force for the first time. */
  get inForce(): Promise<void> {
    return this.#inForce.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#pools.run(signal), this.#advertisements.run(signal)]);
  }

  #read(): void {
    if (!(this.#pools.hasSynced && this.#advertisements.hasSynced)) {
      return;
    }
    // Namespaces decide what the controller may allocate; where an address is announced does not depend on them.
    const pools = parsePools([...this.#pools.values()], []);
    const advertisements = parseL2Advertisements([...this.#advertisements.values()]);
    const problems = [...problemsOf(pools), ...problemsOf(advertisements)];
    this.#listener.checked(problems, this.#hasLastGood);
    if (pools.kind === "value" && advertisements.kind === "value") {
      this.pools = pools.value;
      this.advertisements = advertisements.value;
      this.#hasLastGood = true;
      this.#inForce.resolve();
      this.#listener.changed();
    }
  }
}

function problemsOf(parsed: { kind: string; problems?: readonly Problem[] }): readonly Problem[] {
  return parsed.problems ?? [];
}
