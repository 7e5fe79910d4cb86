/** What the controller counts, under the names that MetalLB's dashboards and alerts know. */

import { saturated } from "#lib/allocation/capacity.ts";
import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import { type Counter, MetricsRegistry, type Sample } from "#lib/metrics/metrics-registry.ts";
import { addProcessMetrics } from "#lib/metrics/process-metrics.ts";

/** The gauges of each pool: name after `metallb_allocator_`, help, value. */
const POOL_GAUGES: readonly (readonly [string, string, (usage: PoolUsage) => bigint | number])[] = [
  ["addresses_total", "Addresses that the pool can give", ({ capacity }) => sum(capacity)],
  ["addresses_in_use_total", "Addresses of the pool that are given", ({ inUse }) => sum(inUse)],
  [
    "ipv4_addresses_total",
    "IPv4 addresses that the pool can give",
    ({ capacity }) => capacity.IPv4,
  ],
  [
    "ipv6_addresses_total",
    "IPv6 addresses that the pool can give",
    ({ capacity }) => capacity.IPv6,
  ],
  [
    "ipv4_addresses_in_use_total",
    "IPv4 addresses of the pool that are given",
    ({ inUse }) => inUse.IPv4,
  ],
  [
    "ipv6_addresses_in_use_total",
    "IPv6 addresses of the pool that are given",
    ({ inUse }) => inUse.IPv6,
  ],
  [
    "services_allocated_total",
    "Services that have an address of the pool",
    ({ services }) => services,
  ],
];

/** Of one term as leader. */
interface Term {
  readonly usages: () => readonly PoolUsage[];
  isLoaded: boolean;
  isStale: boolean;
}

export class ControllerMetrics {
  readonly registry = new MetricsRegistry();
  readonly #updates: Counter;
  readonly #updateErrors: Counter;
  #term: Term | undefined;

  constructor() {
    for (const [name, help, value] of POOL_GAUGES) {
      this.registry.gaugeOf({ name: `metallb_allocator_${name}`, help }, () =>
        this.#ofPools(value),
      );
    }
    // MetalLB has none such: it gives an address that another host uses.
    this.registry.gaugeOf(
      {
        name: "herald_allocator_addresses_set_aside",
        help: "Addresses of the pool that are given to nobody by choice for a while, for another host uses them",
      },
      () => this.#ofPools(({ setAside }) => setAside),
    );
    this.#updates = this.registry.counter({
      name: "metallb_k8s_client_updates_total",
      help: "Services that were reconciled, each time",
    });
    this.#updateErrors = this.registry.counter({
      name: "metallb_k8s_client_update_errors_total",
      help: "Services whose reconciliation failed, each time",
    });
    this.registry.gaugeOf(
      {
        name: "metallb_k8s_client_config_loaded_bool",
        help: "1 since a configuration was in force, else 0",
      },
      () => this.#ofTerm(({ isLoaded }) => isLoaded),
    );
    this.registry.gaugeOf(
      {
        name: "metallb_k8s_client_config_stale_bool",
        help: "1 while the configuration in force is older than the one in the cluster, which has an error, else 0",
      },
      () => this.#ofTerm(({ isStale }) => isStale),
    );
    addProcessMetrics(this.registry);
  }

  /**
   * From now until the signal aborts this process leads: it shows the pools, and whether their configuration is good. A
   * replica that waits shows neither, or it would raise the alert that it has loaded none.
   *
   * @param usages asked at each scrape
   */
  leading(usages: () => readonly PoolUsage[], signal: AbortSignal): void {
    const term = { usages, isLoaded: false, isStale: false };
    this.#term = term;
    signal.addEventListener(
      "abort",
      () => {
        if (this.#term === term) {
          this.#term = undefined;
        }
      },
      { once: true },
    );
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
    if (this.#term !== undefined) {
      this.#term.isLoaded = true;
    }
  }

  /** Whether what was read last could not be used, so that an older one stays in force. */
  configStale(isStale: boolean): void {
    if (this.#term !== undefined) {
      this.#term.isStale = isStale;
    }
  }

  #ofPools(value: (usage: PoolUsage) => bigint | number): Sample[] {
    const usages = this.#term?.usages() ?? [];
    return usages.map((usage) => ({ labels: { pool: usage.pool }, value: Number(value(usage)) }));
  }

  #ofTerm(value: (term: Term) => boolean): Sample[] {
    return this.#term === undefined ? [] : [{ value: Number(value(this.#term)) }];
  }
}

function sum({ IPv4, IPv6 }: PoolUsage["capacity"]): bigint {
  return saturated(IPv4 + IPv6);
}
