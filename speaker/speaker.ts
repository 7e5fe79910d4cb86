/** The main thread's part: from the caches to the network thread's table, and from its reports to the cluster. */

import { aborted } from "#lib/kube/aborted.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { EventRecorder } from "#lib/kube/events.ts";
import type { AdjustableLog } from "#lib/log/log.ts";
import { coalesce } from "#lib/process/coalesce.ts";
import {
  ConfigurationStateWriter,
  type OwnerReference,
  speakerReporter,
} from "#lib/report/configuration-state.ts";
import { ProblemLog } from "#lib/report/problems.ts";
import { Caches } from "./caches.ts";
import { Configuration } from "./configuration.ts";
import { followMemberKey } from "./member-key.ts";
import type { FromNetwork, Row } from "./network/messages.ts";
import type { NetworkThread } from "./network/start.ts";
import type { SpeakerOptions } from "./options.ts";
import { L2Statuses } from "./status/l2-status.ts";
import { Reporter } from "./status/reporter.ts";
import { Table } from "./table.ts";

export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #network: NetworkThread;
  readonly #log: AdjustableLog;
  readonly #caches: Caches;
  readonly #configuration: Configuration;
  readonly #configurationState: ConfigurationStateWriter;
  readonly #events: EventRecorder;
  readonly #l2Statuses: L2Statuses;
  readonly #reporter: Reporter;
  readonly #table: Table;
  /** Until all caches are filled, single changes are of no interest: the first table is made of the whole. */
  #filled = false;

  constructor(
    options: SpeakerOptions,
    client: KubeClient,
    network: NetworkThread,
    owners: readonly OwnerReference[],
    log: AdjustableLog,
  ) {
    const { namespace, nodeName: node } = options;
    this.#options = options;
    this.#network = network;
    this.#log = log;
    this.#events = new EventRecorder(client, { component: "herald-speaker", host: node, log });
    const all = coalesce(() => this.#filled && this.#table.updateAll());
    const problemLog = new ProblemLog(log);
    this.#configuration = new Configuration(client, namespace, log, {
      changed: all,
      checked: (problems, hasLastGood) => {
        problemLog.tell(problems, hasLastGood);
        this.#configurationState.report(problems);
      },
    });
    this.#configurationState = new ConfigurationStateWriter({
      client,
      namespace,
      reporter: speakerReporter(node),
      owners,
      log,
    });
    this.#caches = new Caches(client, options.lbClass, log, {
      serviceChanged: (key) => this.#filled && this.#table.update(key),
      nodesChanged: () => {
        this.#sendMembers();
        all();
      },
    });
    this.#table = new Table(
      {
        node,
        ignoreExcludeLabel: options.ignoreExcludeLb,
        configuration: this.#configuration,
        cluster: this.#caches,
        log,
      },
      {
        rowChanged: (service, row) => this.#sendRow(service, row),
        entryChanged: ({ service }) => this.#reporter.look(service.key),
        gone: (service) => this.#reporter.gone(service),
      },
    );
    this.#l2Statuses = new L2Statuses({ client, namespace, node, owners, log }, (service) =>
      this.#reporter.look(service),
    );
    this.#reporter = new Reporter({
      node,
      client,
      events: this.#events,
      l2Statuses: this.#l2Statuses,
      table: this.#table,
      log,
    });
  }

  /** Runs until the signal, and then says what is still to be said. */
  async run(signal: AbortSignal): Promise<void> {
    const key = Promise.withResolvers<void>();
    const alive = Promise.withResolvers<void>();
    this.#network.onMessage((message) => {
      this.#hear(message);
      if (message.kind === "alive") {
        alive.resolve();
      }
    });
    const loops = [
      this.#caches.run(signal),
      this.#configuration.run(signal),
      this.#configurationState.run(signal),
      this.#l2Statuses.reflector.run(signal),
      this.#events.run(signal),
      followMemberKey(
        this.#options.memberKeyDirectory,
        this.#log,
        (bytes) => {
          this.#network.send({ kind: "key", key: bytes });
          key.resolve();
        },
        signal,
      ),
      this.#start(key.promise, alive.promise, signal),
    ];
    await Promise.all(loops);
  }

  /**
   * Joins the membership only when the first table is complete: a speaker that lives is expected to answer. Reports
   * only once the network thread has said who lives, or it would tidy away what its own former life has written.
   */
  async #start(key: Promise<void>, alive: Promise<void>, signal: AbortSignal): Promise<void> {
    const stopped = aborted(signal);
    const filled = Promise.all([this.#caches.synced, this.#configuration.inForce, key]);
    await Promise.race([filled, stopped]);
    if (signal.aborted) {
      return;
    }
    this.#filled = true;
    this.#sendMembers();
    this.#table.updateAll();
    this.#network.send({ kind: "ready" });
    this.#log.info("speaker ready", { node: this.#options.nodeName });
    await Promise.race([Promise.all([alive, this.#l2Statuses.reflector.synced]), stopped]);
    for (const service of this.#l2Statuses.services()) {
      this.#reporter.look(service);
    }
    await this.#reporter.run(signal);
  }

  #sendMembers(): void {
    const members = this.#caches
      .nodes()
      .map(({ internalIps, name }) => ({ name, addresses: internalIps }));
    this.#network.send({ kind: "members", members });
  }

  #sendRow(service: string, row: Row | undefined): void {
    if (row === undefined) {
      this.#network.send({ kind: "remove", service });
    } else {
      this.#log.debug("row sent to the network thread", { service, ip: row.ips.join(" ") });
      this.#network.send({ kind: "put", row });
    }
  }

  #hear(message: FromNetwork): void {
    switch (message.kind) {
      case "owners":
        this.#reporter.ownersChanged(message.changes);
        break;
      case "alive":
        this.#reporter.aliveChanged(message.nodes, this.#table.services());
        break;
      case "links":
        this.#reporter.linksChanged(message.links);
        break;
      case "log":
        this.#log[message.level](message.message, message.fields);
        break;
    }
  }
}
