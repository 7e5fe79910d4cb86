/** The condition herald-lb.io/Announced: whether a node answers for the addresses of a Service, or why none does. */

import { type AddressConflict, conflictSentence } from "#lib/api/address-conflict.ts";
import { CONDITION, POOL_ANNOTATION } from "#lib/api/annotations.ts";
import { nextCondition } from "#lib/api/condition.ts";
import type { Service } from "#lib/api/service.ts";
import type { NotAnnounced } from "#lib/election/not-announced.ts";

/** Why nobody answers although the election names nodes. */
export type Trouble = "AddressConflict" | "NoLivingSpeaker" | "NoLinkInSubnet" | "NoSuchInterface";

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
 * @param ips all of the Service
 */
export function announced(ips: readonly string[]): Announcement {
  return {
    status: "True",
    reason: "Announced",
    message: `an eligible node answers for ${ips.join(" and ")}`,
  };
}

/**
 * Another host had an address first, and nobody answers for it while that host does.
 *
 * @param others of the Service, which are announced all the same
 */
export function contested(conflict: AddressConflict, others: readonly string[]): Announcement {
  const exception = others.length > 0 ? `, an eligible node for ${others.join(" and ")} only` : "";
  return {
    status: "False",
    reason: "AddressConflict",
    message: `${conflictSentence(conflict)}, so that no node answers for it until that host was silent for 10 s${exception}: give one of the two another address`,
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

/**
 * The addresses are to be answered on a subnet that holds them, and no eligible node that is alive has a link for the one
 * that decides.
 *
 * @param ip that one
 * @param order names of the eligible nodes
 */
export function noLinkInSubnet(ip: string, order: readonly string[]): Announcement {
  return {
    status: "False",
    reason: "NoLinkInSubnet",
    message:
      `No living node that may announce ${ip} has a link whose subnet holds it: ` +
      `give a link of ${order.slice(0, 3).join(", ")}${order.length > 3 ? " or another" : ""} an address of that subnet, ` +
      `or annotate the pool with ${POOL_ANNOTATION.interfaces}: all`,
  };
}

/**
 * The node owns the addresses, for it has a link for another one of the Service, or such a link may not answer.
 *
 * @param ips that no link may answer for
 */
export function ownerLacksLink(ips: readonly string[], node: string): Announcement {
  return {
    status: "False",
    reason: "NoLinkInSubnet",
    message:
      `${node} owns ${ips.join(" and ")}, and none of its links that may answer has a subnet that holds ${ips.length > 1 ? "them" : "it"}: ` +
      `give one an address of that subnet, correct spec.interfaces of the L2Advertisement, or annotate the pool with ${POOL_ANNOTATION.interfaces}: all`,
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
