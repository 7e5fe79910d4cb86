import { regardingNode } from "#lib/api/node.ts";
import { regardingService, type Service } from "#lib/api/service.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { EventRecorder } from "#lib/kube/events.ts";
import type { Log } from "#lib/log/log.ts";
import { coalesce } from "#lib/process/coalesce.ts";
import { matchesLink } from "#speaker/link-pattern.ts";
import type { KernelAddress, LinkFacts } from "#speaker/network/messages.ts";
import type { CheckedLink } from "./facts.ts";
import { type Finding, findings } from "./findings.ts";
import { readDefaultLink, readLinkSettings } from "./host-files.ts";

/** Nobody tells of a sysctl that changes; looking costs a few small reads a link. */
const LOOK_EVERY_MS = 30_000;

export interface NodeChecksOptions {
  /** Name of this node. */
  readonly node: string;
  readonly promiscuousLinks: readonly RegExp[];
  readonly events: Pick<EventRecorder, "record">;
  readonly log: Log;
  /** Where proc and sys are mounted. */
  readonly root: string;
  readonly clock?: Pick<Clock, "delay">;
  /** Those that have the address, given in canonical text. */
  servicesWith(ip: string): Iterable<Service>;
}

/** Looks at this node whenever its links or addresses change, and now and then; tells once of each finding while it lasts. */
export class NodeChecks {
  readonly #options: NodeChecksOptions;
  readonly #lookSoon = coalesce(() => this.#look());
  /** Undefined until the network thread has told of them. */
  #links: readonly LinkFacts[] | undefined;
  #kernelAddresses: readonly KernelAddress[] = [];
  #told: ReadonlyMap<string, Finding> = new Map();

  constructor(options: NodeChecksOptions) {
    this.#options = options;
  }

  linksChanged(links: readonly LinkFacts[]): void {
    this.#links = links;
    this.#lookSoon();
  }

  kernelAddressesChanged(addresses: readonly KernelAddress[]): void {
    this.#kernelAddresses = addresses;
    if (this.#links !== undefined) {
      this.#lookSoon();
    }
  }

  /** Looks again and again until the signal; who has told of no link by then has none. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock = systemClock } = this.#options;
    while (!signal.aborted) {
      await clock.delay(LOOK_EVERY_MS, signal);
      if (!signal.aborted) {
        this.#links ??= [];
        this.#look();
      }
    }
  }

  #look(): void {
    const { node, root } = this.#options;
    const told = this.#links ?? [];
    const links = told.flatMap(({ name }) => this.#checked(name) ?? []);
    if (links.length < told.length) {
      // one has gone, of which the network thread is about to tell
      return;
    }
    const found = findings({
      node,
      links,
      kernelAddresses: this.#kernelAddresses,
      defaultLink: readDefaultLink(root),
    });
    this.#tell(new Map(found.map((finding) => [finding.key, finding])));
  }

  /** Undefined when the link has gone meanwhile. */
  #checked(name: string): CheckedLink | undefined {
    const { promiscuousLinks, root } = this.#options;
    const settings = readLinkSettings(root, name);
    const isPromiscuous = matchesLink(promiscuousLinks, name);
    return settings && { ...settings, name, isPromiscuous };
  }

  #tell(found: ReadonlyMap<string, Finding>): void {
    const { log } = this.#options;
    for (const [key, finding] of found) {
      if (!this.#told.has(key)) {
        const { ip, message, reason } = finding;
        log.warn("node check found something", { ...(ip && { ip }), reason, why: message });
        this.#record(finding);
      }
    }
    for (const [key, { ip, message, reason }] of this.#told) {
      if (!found.has(key)) {
        log.info("node check is content again", { ...(ip && { ip }), reason, was: message });
      }
    }
    this.#told = found;
  }

  #record({ ip, message, reason }: Finding): void {
    const { events, node, servicesWith } = this.#options;
    const about =
      ip === undefined
        ? [regardingNode(node)]
        : Iterator.from(servicesWith(ip)).map(regardingService);
    for (const regarding of about) {
      events.record(regarding, "Warning", reason, message);
    }
  }
}
