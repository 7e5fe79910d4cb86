import type { PoolObject } from "#lib/api/pool-object.ts";
import type { PoolWarning } from "#lib/api/pool-warnings.ts";
import type { Problem } from "#lib/api/problem.ts";
import type { EventType, Regarding } from "#lib/kube/event-record.ts";
import type { Log } from "#lib/log/log.ts";

/** What the notices need of a cluster. */
export interface Board {
  /** The object as it stands in the cluster; undefined when there is none. */
  pool(name: string): PoolObject | undefined;
  event(regarding: Regarding, type: EventType, reason: string, message: string): void;
}

/** Tells the owners of pools what is wrong or odd about them, by Events on the pool. */
export class PoolNotices {
  readonly #board: Board;
  readonly #log: Log;
  #told: ReadonlySet<string> = new Set();

  constructor(board: Board, log: Log) {
    this.#board = board;
    this.#log = log;
  }

  refused(problems: readonly Problem[]): void {
    for (const { message, name } of problems) {
      this.#tell(name, "ConfigurationError", message);
    }
  }

  /** Each is told once, for as long as it holds. */
  odd(warnings: readonly PoolWarning[]): void {
    for (const { message, pool } of warnings) {
      if (!this.#told.has(message)) {
        this.#log.warn("the pool has a warning", { pool, why: message });
        this.#tell(pool, "ConfigurationWarning", message);
      }
    }
    this.#told = new Set(warnings.map(({ message }) => message));
  }

  #tell(name: string, reason: string, message: string): void {
    const metadata = this.#board.pool(name)?.metadata;
    if (metadata !== undefined) {
      const { namespace, uid } = metadata;
      const apiVersion = "metallb.io/v1beta1";
      const regarding = { apiVersion, kind: "IPAddressPool", namespace, name, uid };
      this.#board.event(regarding, "Warning", reason, message);
    }
  }
}
