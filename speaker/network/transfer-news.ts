import type { Log } from "#lib/log/log.ts";
import type { Outbox } from "./outbox.ts";
import type { Transfer } from "./ownership.ts";

/** Transfers that are still to be told, to the main thread and to the log. */
export class TransferNews {
  readonly #nodeName: string;
  readonly #outbox: Outbox;
  readonly #log: Log;
  #untold: Transfer[] = [];

  constructor(nodeName: string, outbox: Outbox, log: Log) {
    this.#nodeName = nodeName;
    this.#outbox = outbox;
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#untold.length === 0;
  }

  note(transfers: readonly Transfer[]): void {
    for (const transfer of transfers) {
      this.#untold.push(transfer);
    }
  }

  /** The nodes that a transfer concerns tell of it; all others know it too, and would only repeat it. */
  tell(): void {
    const transfers = this.#untold;
    this.#untold = [];
    this.#outbox.sendOwners(transfers.map(({ change }) => change));
    for (const { change, ips } of transfers) {
      const { service, ...reason } = change;
      const { from, to } = change;
      const isOurs = from === this.#nodeName || to === this.#nodeName || to === undefined;
      for (const ip of ips) {
        this.#log[isOurs ? "info" : "debug"]("owner changed", { ip, service, ...reason });
      }
    }
  }
}
