/** The main thread's part: from the caches to the network thread's table, and from its reports to the cluster. */

import type { Service } from "#lib/api/service.ts";
import type { OwnerChange } from "#lib/election/owner.ts";
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
import { Balancer } from "./balancer.ts";
import { Caches } from "./caches.ts";
import { CaptureAsker } from "./capture/capture-asker.ts";
import { NodeChecks } from "./checks/node-checks.ts";
import { Configuration } from "./configuration.ts";
import { followMemberKey } from "./member-key.ts";
import { SpeakerMetrics } from "./metrics/speaker-metrics.ts";
import type { FromNetwork, MembersView, NetworkCounts, Row } from "./network/messages.ts";
import type { NetworkThread } from "./network/start.ts";
import { NetworkAsker } from "./network-asker.ts";
import { NetworkTable } from "./network-table.ts";
import type { SpeakerOptions } from "./options.ts";
import { Prober } from "./probe/prober.ts";
import { resumeIfSilent } from "./snapshot/resume.ts";
import { SnapshotKeeper } from "./snapshot/snapshot-keeper.ts";
import { Conflicts } from "./status/conflicts.ts";
import { L2Statuses } from "./status/l2-status.ts";
import { Reporter } from "./status/reporter.ts";
import { isSystemStopping } from "./system-stopping.ts";
import { Table } from "./table.ts";

/** Where this machine keeps proc, sys and run. */
const ROOT = "/";

export class Speaker {
  readonly metrics: SpeakerMetrics;
  /** For those who want to see frames. */
  readonly captures: CaptureAsker;
  /** For those who want to see the members. */
  readonly members: NetworkAsker<MembersView>;
  readonly #options: SpeakerOptions;
  readonly #network: NetworkThread;
  readonly #log: AdjustableLog;
  readonly #caches: Caches;
  readonly #checks: NodeChecks;
  readonly #conflicts: Conflicts;
  readonly #counts: NetworkAsker<NetworkCounts>;
  readonly #configuration: Configuration;
  readonly #configurationState: ConfigurationStateWriter;
  readonly #events: EventRecorder;
  readonly #l2Statuses: L2Statuses;
  readonly #networkTable: NetworkTable;
  /** Undefined: the election alone says which node is preferred. */
  readonly #balancer: Balancer | undefined;
  readonly #prober: Prober;
  readonly #reporter: Reporter;
  /** Undefined when none are wanted. */
  readonly #snapshots: SnapshotKeeper | undefined;
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
    const { interfaces, namespace, nodeName: node, promiscuousLinks } = options;
    this.#options = options;
    this.#network = network;
    this.#log = log;
    this.#events = new EventRecorder(client, { component: "herald-speaker", host: node, log });
    this.captures = new CaptureAsker((message) => network.send(message));
    this.#counts = new NetworkAsker((id) => network.send({ kind: "count", id }));
    this.members = new NetworkAsker((id) => network.send({ kind: "show-members", id }));
    this.#networkTable = new NetworkTable({
      send: (message) => network.send(message),
      changed: () => this.#snapshots?.changed(),
    });
    if (options.placement === "balanced") {
      const { failback: failbackMs } = options;
      this.#balancer = new Balancer({ table: this.#networkTable, failbackMs });
    }
    if (options.stateDir !== "") {
      const take = () => this.#networkTable.take();
      this.#snapshots = new SnapshotKeeper({ directory: options.stateDir, node, log, take });
    }
    this.#prober = new Prober(log);
    this.metrics = new SpeakerMetrics({
      node,
      counts: () => this.#counts.answer(),
      ipsOf: (service) => announcedIps(this.#networkTable.row(service)),
    });
    const all = coalesce(() => this.#filled && this.#table.updateAll());
    const problemLog = new ProblemLog(log);
    this.#configuration = new Configuration(client, namespace, log, {
      changed: () => {
        this.metrics.configLoaded();
        all();
      },
      checked: (problems, hasLastGood) => {
        this.metrics.configStale(problems.length > 0 && hasLastGood);
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
        this.#sendNodes();
        all();
      },
    });
    this.#table = new Table(
      {
        node,
        ignoreExcludeLabel: options.ignoreExcludeLb,
        interfaces,
        now: Date.now,
        configuration: this.#configuration,
        cluster: this.#caches,
        log,
      },
      {
        rowChanged: (service, row) => this.#sendRow(service, row),
        entryChanged: ({ service }) => {
          this.#reporter.look(service.key);
          this.#conflicts.look(service.key);
        },
        gone: (service) => this.#reporter.gone(service),
      },
    );
    this.#l2Statuses = new L2Statuses({ client, namespace, node, owners, log }, (service) =>
      this.#reporter.look(service),
    );
    const common = { node, client, events: this.#events, table: this.#table, log };
    this.#reporter = new Reporter({
      ...common,
      l2Statuses: this.#l2Statuses,
      metrics: this.metrics,
      isReady: (other) => this.#caches.nodes().some(({ name, ready }) => ready && name === other),
      isContested: (ip) => this.#conflicts.isContested(ip),
    });
    this.#conflicts = new Conflicts(common);
    this.#checks = new NodeChecks({
      node,
      promiscuousLinks,
      events: this.#events,
      log,
      root: ROOT,
      servicesWith: (ip) => this.#servicesWith(ip),
    });
  }

  /** The first table is with the network thread, be it the one that a former speaker left. */
  get isReady(): boolean {
    return this.#networkTable.isReady;
  }

  /** Why this node gives its addresses away, in a sentence; undefined: it does not. */
  get draining(): string | undefined {
    return this.#networkTable.draining;
  }

  /** Whether this node gives its addresses away when the speaker stops, for it does not expect to be back soon. */
  get isLeaving(): boolean {
    return this.draining !== undefined || isSystemStopping(ROOT, Date.now());
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
      this.#conflicts.run(signal),
      this.#checks.run(signal),
      ...(this.#balancer === undefined ? [] : [this.#balancer.run(signal)]),
      followMemberKey(
        this.#options.memberKeyDirectory,
        this.#log,
        (bytes) => {
          this.#network.send({ kind: "key", key: bytes });
          this.#snapshots?.setSecret(bytes);
          key.resolve();
        },
        signal,
      ),
      this.#start(key.promise, alive.promise, signal),
      this.#keepSnapshots(key.promise, signal),
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
    this.#sendNodes();
    this.#table.updateAll();
    // what a snapshot had and the cluster has not
    const removed = this.#networkTable.keepOnly(new Set(this.#table.announced()));
    this.#networkTable.ready();
    this.#log.info("speaker ready", {
      node: this.#options.nodeName,
      ...(removed > 0 && { removed }),
    });
    await Promise.race([Promise.all([alive, this.#l2Statuses.reflector.synced]), stopped]);
    for (const service of this.#l2Statuses.services()) {
      this.#reporter.look(service);
    }
    await this.#reporter.run(signal);
  }

  async #keepSnapshots(key: Promise<void>, signal: AbortSignal): Promise<void> {
    const snapshots = this.#snapshots;
    if (snapshots === undefined) {
      return;
    }
    const resumed = resumeIfSilent(
      {
        key,
        log: this.#log,
        told: () => this.#caches.told,
        read: () => snapshots.read(),
        resume: (snapshot) => this.#networkTable.resume(snapshot),
      },
      signal,
    );
    await Promise.all([resumed, snapshots.run(signal)]);
  }

  #ownersChanged(changes: readonly OwnerChange[]): void {
    this.metrics.ownersChanged(changes);
    this.#balancer?.ownersChanged(changes);
    this.#reporter.ownersChanged(changes);
    for (const { from, service, to } of changes) {
      if (to !== undefined) {
        this.#table.hasOwner(service);
      }
      if (to === this.#options.nodeName) {
        this.#conflicts.tookOver(service);
      } else if (from === this.#options.nodeName) {
        this.#conflicts.lost(service);
      }
    }
  }

  #sendNodes(): void {
    const nodes = this.#caches.nodes();
    this.#networkTable.setMembers(
      nodes.map(({ internalIps, name }) => ({ name, addresses: internalIps })),
    );
    const draining = nodes.filter((node) => node.draining !== undefined);
    this.#balancer?.setDraining(new Set(draining.map(({ name }) => name)));
    const self = nodes.find(({ name }) => name === this.#options.nodeName);
    this.#networkTable.setDraining(self?.draining);
  }

  #sendRow(service: string, row: Row | undefined): void {
    const table = this.#balancer ?? this.#networkTable;
    if (row === undefined) {
      table.remove(service);
    } else {
      this.#log.debug("row sent to the network thread", { service, ip: row.ips.join(" ") });
      table.put(row);
    }
  }

  #servicesWith(ip: string): Iterable<Service> {
    return Iterator.from(this.#table.having(ip)).flatMap((key) => {
      const entry = this.#table.get(key);
      return entry === undefined ? [] : [entry.service];
    });
  }

  #hear(message: FromNetwork): void {
    switch (message.kind) {
      case "owners":
        this.#ownersChanged(message.changes);
        break;
      case "alive":
        this.#balancer?.nodesChanged(message);
        this.#reporter.nodesChanged(message, this.#table.services());
        break;
      case "links":
        this.#reporter.linksChanged(message.links);
        this.#checks.linksChanged(message.links);
        break;
      case "kernel-addresses":
        this.#checks.kernelAddressesChanged(message.addresses);
        break;
      case "conflict":
        this.#conflicts.heard(message.conflict);
        break;
      case "conflict-over":
        this.#conflicts.over(message.ip);
        break;
      case "probe":
        void this.#prober.send(message);
        break;
      case "counts":
        this.#counts.hear(message.id, message.counts);
        break;
      case "members-shown":
        this.members.hear(message.id, message.view);
        break;
      case "state":
        this.#networkTable.keepState(message.bytes);
        break;
      case "captured":
        this.captures.hear(message);
        break;
      case "log":
        this.#log[message.level](message.message, message.fields);
        break;
    }
  }
}

function announcedIps(row: Row | undefined): readonly string[] {
  const { ips = [], contested = [] } = row ?? {};
  return ips.filter((ip) => !contested.includes(ip));
}
