/** The condition herald-lb.io/Announced: whether a node answers for the addresses of a Service, or why none does. */

import { CONDITION } from "#lib/api/annotations.ts";
import { nextCondition } from "#lib/api/condition.ts";
import type { Service } from "#lib/api/service.ts";
import type { NotAnnounced } from "#lib/election/not-announced.ts";

/** Why nobody answers although the election names nodes. */
export type Trouble = "NoLivingSpeaker" | "NoSuchInterface";

export type Announcement =
  | { readonly status: "True"; readonly reason: "Announced"; readonly message: string }
  | {
      readonly status: "False";
      readonly reason: NotAnnounced | Trouble;
      readonly message: string;
    };

/**
 * Only facts of its own Service, so that a failover rewrites nothing.
 *
 * @param ips all of the Service, one IPv4 address at least
 */
export function announced(ips: readonly string[]): Announcement {
  const silent = ips.filter((ip) => ip.includes(":"));
  const answered = ips.filter((ip) => !ip.includes(":"));
  const exception =
    silent.length > 0
      ? `; ${silent.join(" and ")} is not announced: this version answers ARP (IPv4) only`
      : "";
  return {
    status: "True",
    reason: "Announced",
    message: `an eligible node answers for ${answered.join(" and ")}${exception}`,
  };
}

/**
 * The Service has other addresses, which are announced.
 *
 * @param message a sentence on those that it leaves to another
 * @param ips that are announced
 */
export function partlyHeldByAnother(message: string, ips: readonly string[]): Announcement {
  return {
    status: "False",
    reason: "AddressHeldByAnother",
    message: `${message}; an eligible node answers for ${ips.join(" and ")} only`,
  };
}

/** @param order names of the eligible nodes */
export function noLivingSpeaker(ips: readonly string[], order: readonly string[]): Announcement {
  return {
    status: "False",
    reason: "NoLivingSpeaker",
    message:
      `No speaker is alive on a node that may announce ${ips.join(" and ")}: ` +
      `start one on ${order.slice(0, 3).join(", ")}${order.length > 3 ? " or another" : ""}`,
  };
}

/** @param links names that the L2Advertisements give */
export function noSuchInterface(
  ips: readonly string[],
  node: string,
  links: readonly string[],
): Announcement {
  return {
    status: "False",
    reason: "NoSuchInterface",
    message:
      `${node} owns ${ips.join(" and ")}, and none of the interfaces ${links.join(", ")} can answer there: ` +
      "correct spec.interfaces of the L2Advertisement, or bring one of them up",
  };
}

/**
 * The strategic merge patch of services/status that says it, or undefined when the Service already does. The
 * resourceVersion makes the API server refuse it for a Service that has changed since (409). `now` is RFC 3339.
 */
export function announcedPatch(
  service: Service,
  announcement: Announcement,
  now: string,
): object | undefined {
  const type = CONDITION.announced;
  const old = service.conditions.find((condition) => condition.type === type);
  const condition = nextCondition(old, { type, ...announcement }, now);
  const { resourceVersion } = service;
  return condition && { metadata: { resourceVersion }, status: { conditions: [condition] } };
}
