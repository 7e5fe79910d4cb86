/** What the speaker counts, under the names that MetalLB's dashboards and alerts know, and some of our own. */

import type { OwnerChange } from "#lib/election/owner.ts";
import { type Counter, MetricsRegistry, type Sample } from "#lib/metrics/metrics-registry.ts";
import { addProcessMetrics } from "#lib/metrics/process-metrics.ts";
import { LATENCY_BOUNDS } from "#speaker/network/latency.ts";
import { FAILOVER_BOUNDS, LATENESS_BOUNDS } from "#speaker/network/member-counts.ts";
import type { NetworkCounts } from "#speaker/network/messages.ts";

type AddressCounts = NetworkCounts["addresses"][number];

/** The counters of each address: name after `metallb_layer2_`, help, value. */
const ADDRESS_COUNTERS: readonly (readonly [string, string, (counts: AddressCounts) => number])[] =
  [
    [
      "requests_received",
      "ARP requests and neighbor solicitations received for the address while this node answered for it",
      ({ requests }) => requests,
    ],
    ["responses_sent", "Answers sent to those", ({ responses }) => responses],
    [
      "gratuitous_sent",
      "Frames sent unasked to announce the address",
      ({ announcements }) => announcements,
    ],
  ];

export interface SpeakerMetricsParts {
  /** Name of this node. */
  readonly node: string;
  /** What the network thread has counted, or undefined when it does not say. */
  readonly counts: () => Promise<NetworkCounts | undefined>;
  /** Addresses of a Service, as the network thread was told. */
  readonly ipsOf: (service: string) => readonly string[];
}

export class SpeakerMetrics {
  readonly registry = new MetricsRegistry(() => this.#refresh());
  readonly #parts: SpeakerMetricsParts;
  readonly #updates: Counter;
  readonly #updateErrors: Counter;
  readonly #unanswered: Counter;
  /** Services that this node owns. */
  readonly #owned = new Set<string>();
  /** As last said by the network thread. */
  #counts: NetworkCounts | undefined;
  #isLoaded = false;
  #isStale = false;

  constructor(parts: SpeakerMetricsParts) {
    this.#parts = parts;
    const { registry } = this;
    registry.gaugeOf(
      {
        name: "metallb_speaker_announced",
        help: "1 for each address of each Service that this node announces",
      },
      () => this.#announced(),
    );
    registry.gaugeOf(
      { name: "herald_speaker_owned_addresses", help: "Addresses that this node announces" },
      () => [{ value: this.#ownedAddresses() }],
    );
    for (const [name, help, value] of ADDRESS_COUNTERS) {
      registry.counterOf({ name: `metallb_layer2_${name}`, help }, () => this.#ofAddresses(value));
    }
    this.#addNetworkMetrics();
    this.#addMemberMetrics();
    this.#unanswered = registry.counter({
      name: "herald_speaker_counts_unanswered_total",
      help: "Scrapes that showed former values, for the network thread did not give its counters within a second",
    });
    this.#updates = registry.counter({
      name: "metallb_k8s_client_updates_total",
      help: "Services that were reconciled, each time",
    });
    this.#updateErrors = registry.counter({
      name: "metallb_k8s_client_update_errors_total",
      help: "Services whose reconciliation failed, each time",
    });
    registry.gaugeOf(
      {
        name: "metallb_k8s_client_config_loaded_bool",
        help: "1 since a configuration was in force, else 0",
      },
      () => [{ value: Number(this.#isLoaded) }],
    );
    registry.gaugeOf(
      {
        name: "metallb_k8s_client_config_stale_bool",
        help: "1 while the configuration in force is older than the one in the cluster, which has an error, else 0",
      },
      () => [{ value: Number(this.#isStale) }],
    );
    addProcessMetrics(registry);
  }

  ownersChanged(changes: readonly OwnerChange[]): void {
    for (const { service, to } of changes) {
      if (to === this.#parts.node) {
        this.#owned.add(service);
      } else {
        this.#owned.delete(service);
      }
    }
  }

  /** A Service was reconciled. */
  reconciled(): void {
    this.#updates.increment();
  }

  /** A Service was reconciled in vain: it counts among all, too, as with MetalLB. */
  reconcileFailed(): void {
    this.#updates.increment();
    this.#updateErrors.increment();
  }

  /** What was read last is in force. */
  configLoaded(): void {
    this.#isLoaded = true;
  }

  /** Whether what was read last could not be used, so that an older one stays in force. */
  configStale(isStale: boolean): void {
    this.#isStale = isStale;
  }

  #addNetworkMetrics(): void {
    const { registry } = this;
    registry.counterOf(
      {
        name: "herald_speaker_frames_dropped_total",
        help: "ARP and NDP frames and heartbeats that were dropped, by reason",
      },
      () => samples("reason", this.#counts?.drops),
    );
    registry.counterOf(
      {
        name: "herald_speaker_socket_drops_total",
        help: "Frames that the kernel dropped because the queue of the link's socket was full",
      },
      () => samples("link", this.#counts?.socketDrops),
    );
    registry.counterOf(
      {
        name: "herald_speaker_address_conflicts_total",
        help: "Times that another host was found to use an address of this node",
      },
      () => (this.#counts === undefined ? [] : [{ value: this.#counts.conflicts }]),
    );
    registry.histogramOf(
      {
        name: "herald_speaker_answer_seconds",
        help: "From the arrival of a request to its answer, of a sample",
      },
      LATENCY_BOUNDS,
      () => this.#counts?.latency,
    );
  }

  #addMemberMetrics(): void {
    const { registry } = this;
    const membership = () => this.#counts?.membership;
    registry.gaugeOf(
      {
        name: "herald_speaker_members",
        help: "Nodes by the state in which this one sees them, itself included",
      },
      () => samples("state", membership()?.states),
    );
    registry.counterOf(
      {
        name: "herald_speaker_suspicions_total",
        help: "Silences of other nodes that were so long that this one voted on them",
      },
      () => {
        const value = membership()?.suspicions;
        return value === undefined ? [] : [{ value }];
      },
    );
    registry.histogramOf(
      {
        name: "herald_speaker_failover_seconds",
        help: "From the last sign of life of a dead node that this one watched to this one's claim of its addresses",
      },
      FAILOVER_BOUNDS,
      () => membership()?.failovers,
    );
    registry.histogramOf(
      {
        name: "herald_speaker_heartbeat_lateness_seconds",
        help: "How much later than they were due this node's heartbeats left",
      },
      LATENESS_BOUNDS,
      () => membership()?.heartbeatLateness,
    );
  }

  async #refresh(): Promise<void> {
    const counts = await this.#parts.counts();
    if (counts === undefined) {
      this.#unanswered.increment();
    } else {
      this.#counts = counts;
    }
  }

  *#announced(): Iterable<Sample> {
    const { ipsOf, node } = this.#parts;
    for (const service of this.#owned) {
      for (const ip of ipsOf(service)) {
        yield { labels: { service, protocol: "layer2", node, ip }, value: 1 };
      }
    }
  }

  /** Services may share an address. */
  #ownedAddresses(): number {
    const { ipsOf } = this.#parts;
    return new Set(this.#owned.values().flatMap(ipsOf)).size;
  }

  #ofAddresses(value: (counts: AddressCounts) => number): Iterable<Sample> {
    const addresses = this.#counts?.addresses ?? [];
    return Iterator.from(addresses).map((counts) => ({
      labels: { ip: counts.ip },
      value: value(counts),
    }));
  }
}

function samples(label: string, counts: Readonly<Record<string, number>> = {}): Sample[] {
  return Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
}
