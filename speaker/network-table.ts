/** All that the network thread was told of the cluster, from which a snapshot is made. What it knows is not told again. */

import { isSameRow } from "./network/is-same-row.ts";
import type { MemberAddress, Row, ToNetwork } from "./network/messages.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";

export interface NetworkTableOptions {
  send(message: ToNetwork): void;
  /** What a snapshot holds is another than before. */
  changed(): void;
}

export class NetworkTable {
  readonly #options: NetworkTableOptions;
  readonly #rows = new Map<string, Row>();
  /** Undefined until they are known. */
  #members: readonly MemberAddress[] | undefined;
  #draining: string | undefined;
  #state: Uint8Array | undefined;
  #isReady = false;

  constructor(options: NetworkTableOptions) {
    this.#options = options;
  }

  /** Whether the network thread was told to begin. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Why this node gives its addresses away, in a sentence; undefined: it does not. */
  get draining(): string | undefined {
    return this.#draining;
  }

  row(service: string): Row | undefined {
    return this.#rows.get(service);
  }

  put(row: Row): void {
    if (!isSameRow(this.#rows.get(row.service), row)) {
      this.#rows.set(row.service, row);
      this.#tell({ kind: "put", row });
    }
  }

  remove(service: string): void {
    if (this.#rows.delete(service)) {
      this.#tell({ kind: "remove", service });
    }
  }

  /** Removes all rows but those of these Services, and returns how many it removed. */
  keepOnly(services: ReadonlySet<string>): number {
    const others = [...this.#rows.keys()].filter((service) => !services.has(service));
    for (const service of others) {
      this.remove(service);
    }
    return others.length;
  }

  setMembers(members: readonly MemberAddress[]): void {
    if (JSON.stringify(members) !== JSON.stringify(this.#members)) {
      this.#members = members;
      this.#tell({ kind: "members", members });
    }
  }

  setDraining(because: string | undefined): void {
    if (because !== this.#draining) {
      this.#draining = because;
      this.#tell({ kind: "draining", because });
    }
  }

  /** The network thread has said what it wants to know again when it starts anew. */
  keepState(bytes: Uint8Array): void {
    this.#state = bytes;
    this.#options.changed();
  }

  /** The network thread has all that it needs to begin with. */
  ready(): void {
    if (!this.#isReady) {
      this.#isReady = true;
      this.#tell({ kind: "ready" });
    }
  }

  /** Begins with what a former speaker knew; what the cluster has said of its nodes is newer. */
  resume({ draining, members, network, rows }: Snapshot): void {
    if (network !== undefined) {
      this.#state = network;
      this.#options.send({ kind: "resume", bytes: network });
    }
    if (this.#members === undefined) {
      this.setMembers(members);
      this.setDraining(draining);
    }
    for (const row of rows) {
      this.put(row);
    }
    this.ready();
  }

  /** What the next speaker needs; undefined: nothing better than what it has. */
  take(): Omit<Snapshot, "takenAtMs"> | undefined {
    return this.#isReady
      ? {
          rows: [...this.#rows.values()],
          members: this.#members ?? [],
          draining: this.#draining,
          network: this.#state,
        }
      : undefined;
  }

  #tell(message: ToNetwork): void {
    this.#options.send(message);
    this.#options.changed();
  }
}
