/**
 * Says in the cluster what the network thread does: ServiceL2Status, the condition Announced, the Events nodeAssigned and
 * OwnerChanged.
 */

import { parseIp } from "#lib/address/ip.ts";
import { contains, parseRange } from "#lib/address/ip-range.ts";
import { conflictOf } from "#lib/api/address-conflict.ts";
import { CONDITION } from "#lib/api/annotations.ts";
import { regardingService, type Service } from "#lib/api/service.ts";
import { electingIp, NodeSubnets } from "#lib/election/node-subnets.ts";
import { reportingNode } from "#lib/election/order.ts";
import { firstAble, type Nodes, type OwnerChange } from "#lib/election/owner.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import type { EventType } from "#lib/kube/event-record.ts";
import type { EventRecorder } from "#lib/kube/events.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { servicePath } from "#lib/kube/paths.ts";
import { WorkQueue } from "#lib/kube/work-queue.ts";
import type { Log } from "#lib/log/log.ts";
import type { SpeakerMetrics } from "#speaker/metrics/speaker-metrics.ts";
import type { FromNetwork, LinkFacts, Row } from "#speaker/network/messages.ts";
import { sha256 } from "#speaker/sha256.ts";
import { type Entry, someNotEligible, type Table } from "#speaker/table.ts";
import {
  type Announcement,
  announced,
  announcedPatch,
  contested,
  noLinkInSubnet,
  noLivingSpeaker,
  noSuchInterface,
  ownerLacksLink,
  partlyHeldByAnother,
} from "./announced.ts";
import type { L2Statuses, Standing } from "./l2-status.ts";
import { changesToTell, ownerChangedSentence } from "./owner-changed.ts";

export interface ReporterOptions {
  /** Name of this node. */
  readonly node: string;
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly l2Statuses: L2Statuses;
  readonly table: Pick<Table, "get">;
  readonly metrics: Pick<SpeakerMetrics, "reconciled" | "reconcileFailed">;
  readonly log: Log;
  /** Whether the API server hears of the node. */
  isReady(node: string): boolean;
  /** Whether another host had the address first. */
  isContested(ip: string): boolean;
}

/** This node's ownership of a Service. */
interface Ownership {
  said: boolean;
  /** How it came to it; undefined: no Event is to tell of it. */
  readonly by: OwnerChange | undefined;
}

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #queue: WorkQueue<string>;
  /** Services that this node owns; a new object each time it takes one over. */
  readonly #owned = new Map<string, Ownership>();
  /**
   * What was said last of a Service that nobody owns, and among whom. Another speaker that sees it otherwise may hear
   * more than this one: it is not contradicted, or the two would write for ever.
   */
  readonly #lastWords = new Map<string, string>();
  /** Services that were seen to go, not those that a cache which lags does not have yet. */
  readonly #gone = new Set<string>();
  #nodes: Nodes;
  #reports = false;
  /** This node hears no other, and the API server does: others may have what it owns, and it has nothing to say. */
  #isCutOff = false;
  /** Of this node, that can answer. */
  #links: readonly LinkFacts[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#nodes = { alive: new Set([options.node]), subnets: new NodeSubnets() };
    this.#queue = new WorkQueue({ name: "status", log: options.log });
  }

  /** What one Service says is to be looked at. */
  look(service: string): void {
    this.#queue.add(service);
  }

  gone(service: string): void {
    this.#gone.add(service);
    this.#queue.add(service);
  }

  ownersChanged(changes: readonly OwnerChange[]): void {
    const toTell = changesToTell(changes, this.#options.node);
    for (const { service, from, to } of changes) {
      if (to === this.#options.node) {
        this.#owned.set(service, { said: false, by: toTell.get(service) });
      } else if (from === this.#options.node) {
        this.#owned.delete(service);
      }
      this.#queue.add(service);
    }
  }

  /** @param services keys of all Services, looked at when this node reports for those that nobody owns */
  nodesChanged(
    { dead, nodes, speaking, subnets }: Extract<FromNetwork, { kind: "alive" }>,
    services: Iterable<string>,
  ): void {
    this.#nodes = { alive: new Set(nodes), subnets: new NodeSubnets(subnets) };
    this.#reports = reportingNode(speaking, sha256) === this.#options.node;
    const wasCutOff = this.#isCutOff;
    this.#isCutOff = nodes.length === 1 && dead.some((node) => this.#options.isReady(node));
    if (this.#reports || (wasCutOff && !this.#isCutOff)) {
      for (const service of services) {
        this.#queue.add(service);
      }
    }
  }

  linksChanged(links: readonly LinkFacts[]): void {
    this.#links = links;
    for (const service of this.#owned.keys()) {
      this.#queue.add(service);
    }
  }

  run(signal: AbortSignal): Promise<void> {
    const { metrics } = this.#options;
    return this.#queue.run(signal, async (service, within) => {
      try {
        await this.#reconcile(service, within);
        metrics.reconciled();
      } catch (error) {
        metrics.reconcileFailed();
        throw error;
      }
    });
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    if (this.#isCutOff) {
      return;
    }
    const { l2Statuses, table } = this.#options;
    const entry = table.get(key);
    if (entry === undefined) {
      await this.#tidy(key, signal);
      return;
    }
    this.#gone.delete(key);
    const owned = this.#owned.get(key);
    const standing: Standing = owned === undefined ? "none" : owned.said ? "held" : "taken";
    const announcement = this.#announcement(entry, standing);
    if (announcement === undefined) {
      // Another node has the word now; what it says must not keep this one from saying the same again later.
      this.#lastWords.delete(key);
    } else {
      await this.#announceUnlessSaid(entry, announcement, standing, signal);
    }
    await l2Statuses.write(key, standing, entry.row?.links ?? [], signal);
    if (standing === "taken" && owned !== undefined) {
      // The wording is read by programs: the node stands in quotation marks.
      const message = `announcing from node "${this.#options.node}" with protocol "layer2"`;
      this.#tell(entry.service, "Normal", "nodeAssigned", message);
      if (owned.by !== undefined) {
        const sentence = ownerChangedSentence(owned.by, entry.service.ingress);
        this.#tell(entry.service, "Normal", "OwnerChanged", sentence);
      }
      owned.said = true;
    }
  }

  async #tidy(key: string, signal: AbortSignal): Promise<void> {
    this.#owned.delete(key);
    this.#lastWords.delete(key);
    const standing = this.#reports && this.#gone.has(key) ? "gone" : "none";
    await this.#options.l2Statuses.write(key, standing, [], signal);
    this.#gone.delete(key);
  }

  /** What this node has to say, if it is the one to say it. */
  #announcement(entry: Entry, standing: Standing): Announcement | undefined {
    const { election, row } = entry;
    if (row !== undefined && standing !== "none") {
      return this.#ofOwner(entry, row);
    }
    if (!this.#reports || entry.service.ingress.length === 0) {
      return undefined;
    }
    if (election.kind === "nobody") {
      return { status: "False", reason: election.reason, message: election.message };
    }
    if (!election.order.some((node) => this.#nodes.alive.has(node))) {
      return noLivingSpeaker(election.ips, election.order);
    }
    return row === undefined || firstAble(row, this.#nodes) !== undefined
      ? undefined
      : noLinkInSubnet(electingIp(election.ips), election.order);
  }

  #ofOwner({ election, service }: Entry, { ips, links, onSubnetOnly }: Row): Announcement {
    if (links !== undefined && !this.#links.some(({ name }) => links.includes(name))) {
      return noSuchInterface(ips, this.#options.node, links);
    }
    const lacking = onSubnetOnly === true ? ips.filter((ip) => !this.#hasLinkFor(ip, links)) : [];
    if (lacking.length > 0) {
      return ownerLacksLink(lacking, this.#options.node);
    }
    const conflict = conflictOf(service);
    if (conflict?.when === "first-use" && ips.includes(conflict.ip)) {
      return contested(
        conflict,
        ips.filter((ip) => ip !== conflict.ip && !this.#options.isContested(ip)),
      );
    }
    const heldByAnother = election.kind === "eligible" ? election.heldByAnother : undefined;
    return heldByAnother === undefined
      ? announced(service.ingress)
      : partlyHeldByAnother(heldByAnother, ips);
  }

  /** Whether a link that may answer has a subnet that holds the address. */
  #hasLinkFor(ip: string, allowed: readonly string[] | undefined): boolean {
    return this.#links.some(
      ({ name, subnets }) =>
        (allowed === undefined || allowed.includes(name)) &&
        subnets.some((subnet) => contains(parseRange(subnet), parseIp(ip))),
    );
  }

  /** The owner may say the same again, whoever else has the word. */
  async #announceUnlessSaid(
    entry: Entry,
    announcement: Announcement,
    standing: Standing,
    signal: AbortSignal,
  ): Promise<void> {
    const { conditions, key } = entry.service;
    const isSaid = conditions.some(({ type }) => type === CONDITION.announced);
    const words = JSON.stringify([announcement, [...this.#nodes.alive].sort()]);
    if (standing === "none" && isSaid && this.#lastWords.get(key) === words) {
      return;
    }
    await this.#announce(entry, announcement, signal);
    // not before: what was refused has not been said
    this.#lastWords.set(key, words);
  }

  async #announce(
    { service, election }: Entry,
    announcement: Announcement,
    signal: AbortSignal,
  ): Promise<void> {
    const patch = announcedPatch(service, announcement, new Date().toISOString());
    if (patch === undefined) {
      return;
    }
    const path = `${servicePath(service)}/status`;
    await unlessGone(this.#options.client.strategicPatch(path, patch, { signal }));
    const { status, reason, message } = announcement;
    if (status === "True") {
      return;
    }
    // Every new Service is for a moment without endpoints.
    const isOrdinary = reason === "NoEndpoint" || reason === "NoLocalEndpoint";
    this.#options.log[isOrdinary ? "info" : "warn"]("address not announced", {
      service: service.key,
      ip: service.ingress.join(" "),
      reason,
      why: message,
      ...someNotEligible(election.notEligible),
    });
    if (!isOrdinary) {
      this.#tell(service, "Warning", "announceFailed", message);
    }
  }

  #tell(service: Service, type: EventType, reason: string, message: string): void {
    this.#options.events.record(regardingService(service), type, reason, message);
  }
}
