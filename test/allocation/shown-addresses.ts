/** Watches all Services through all tests: an address is never shown by two that do not share it, not even for a moment. */

import type { V1Service } from "@kubernetes/client-node";
import type { KubeClient } from "#lib/kube/client.ts";
import { PATHS } from "#lib/kube/paths.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";

const SHARING_KEYS = ["metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip"];

interface Shown {
  readonly service: string;
  readonly ips: readonly string[];
  readonly sharingKey: string;
  readonly isOfLoadBalancer: boolean;
}

export class ShownAddresses {
  /** Whoever got an address that another showed without sharing it. */
  readonly doubles: string[] = [];
  /** `service address` of those that a test wrote itself. */
  readonly #written = new Set<string>();
  readonly #services: Reflector<V1Service, Shown>;

  constructor(admin: KubeClient) {
    this.#services = new Reflector(admin, {
      path: PATHS.services,
      project: shownFrom,
      log: new RecordingLog(),
    });
    this.#services.on({
      added: (shown) => this.#look(shown, []),
      updated: (shown, { ips }) => this.#look(shown, ips),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#services.run(signal);
  }

  /** A test is about to write the addresses into the status of the Service itself. */
  writes(service: string, ips: readonly string[]): void {
    for (const ip of ips) {
      this.#written.add(`${service} ${ip}`);
    }
  }

  #look({ service, ips, sharingKey }: Shown, before: readonly string[]): void {
    const added = ips.filter(
      (ip) => !before.includes(ip) && !this.#written.has(`${service} ${ip}`),
    );
    for (const ip of added) {
      for (const other of this.#services.values()) {
        const isOther = other.service !== service && other.isOfLoadBalancer;
        const doShare = sharingKey !== "" && sharingKey === other.sharingKey;
        if (isOther && other.ips.includes(ip) && !doShare) {
          this.doubles.push(`${service} got ${ip}, which ${other.service} showed`);
        }
      }
    }
  }
}

function shownFrom({ metadata, spec, status }: V1Service): Shown {
  const annotations = metadata?.annotations ?? {};
  return {
    service: `${metadata?.namespace}/${metadata?.name}`,
    ips: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : [])),
    sharingKey: SHARING_KEYS.map((key) => annotations[key]).find((key) => key !== undefined) ?? "",
    isOfLoadBalancer: spec?.type === "LoadBalancer",
  };
}
