/**
 * A Service leaves an address that another host was found to use before anybody answered for it, unless it asks for that
 * very address. The address is set aside, and the Service is given another.
 */

import { formatIp, type Ip, ipsWithout, isSameIp, parseIp } from "#lib/address/ip.ts";
import { type AddressConflict, conflictOf, conflictSentence } from "#lib/api/address-conflict.ts";
import { formatDuration } from "#lib/api/format-duration.ts";
import type { Service } from "#lib/api/service.ts";
import type { Allocations } from "./allocations.ts";
import { choose } from "./choose.ts";
import type { Decision } from "./decision.ts";
import { isAcceptable, keep, placeOf, unshown } from "./keep.ts";
import type { Question } from "./question.ts";
import { listIps } from "./sentence.ts";
import { shownIps } from "./shown-ips.ts";
import { type Wish, wishOf } from "./wish.ts";

/**
 * Sets aside the address that the Service is to leave; to be called before anything is decided for it.
 *
 * @returns what was found there, when it was not set aside before
 */
export function setAsideFor(
  allocations: Allocations,
  service: Service,
): AddressConflict | undefined {
  const conflict = conflictToLeave(service, wishOf(service));
  const isNew = conflict !== undefined && allocations.putAside(parseIp(conflict.ip));
  return isNew ? conflict : undefined;
}

/** A request that cannot be read changes nothing here either: it may be for this address. */
function conflictToLeave(service: Service, wish: Wish): AddressConflict | undefined {
  const conflict = conflictOf(service);
  if (conflict?.when !== "first-use" || wish.malformed !== undefined) {
    return undefined;
  }
  const ip = parseIp(conflict.ip);
  const isAsked = wish.addresses !== undefined && includes(wish.addresses.ips, ip);
  return includes(shownIps(service), ip) && !isAsked ? conflict : undefined;
}

/** An address that a Service is to leave. */
export interface Contested {
  readonly ip: Ip;
  readonly conflict: AddressConflict;
}

/** Which of the addresses the Service leaves for another host; one that asks for others gets those in any case. */
export function contestedOf(
  { allocations, service }: Question,
  ips: readonly Ip[],
  wish: Wish,
): Contested | undefined {
  const conflict = wish.addresses === undefined ? conflictToLeave(service, wish) : undefined;
  const ip = conflict && parseIp(conflict.ip);
  return conflict !== undefined &&
    ip !== undefined &&
    includes(ips, ip) &&
    allocations.isSetAside(ip)
    ? { ip, conflict }
    : undefined;
}

/** The decision for a Service that has these addresses and leaves one of them. */
export function moveAway(
  question: Question,
  has: readonly Ip[],
  { ip, conflict }: Contested,
  wish: Wish,
): Decision {
  const decision = elsewhere(question, has, ip, wish);
  const given = decision.kind === "assign" ? decision.ips : [];
  const holdMs = question.allocations.setAside.get(ip)?.holdMs ?? 0;
  const end = endOf(question, ipsWithout(given, has), given);
  const message = `${conflictSentence(conflict)}: it is set aside for ${formatDuration(holdMs)}, ${end}`;
  const ips = ipsWithout(has, given).map(formatIp);
  return { ...decision, loss: { reason: "AddressConflict", ips, message } };
}

function endOf({ service }: Question, added: readonly Ip[], given: readonly Ip[]): string {
  if (added.length > 0) {
    return `${service.key} gets ${listIps(added)}`;
  }
  return given.length > 0
    ? `${service.key} keeps ${listIps(given)} alone`
    : `and no other is left for ${service.key}`;
}

/** What was decided already and is not written yet; else the address of the other family with a new one, if they may stay together. */
function elsewhere(question: Question, has: readonly Ip[], left: Ip, wish: Wish): Decision {
  const decided = unshown(question);
  return (
    (includes(decided, left) ? undefined : stay(question, decided, wish)) ??
    stay(question, ipsWithout(has, [left]), wish) ??
    choose(question, wish)
  );
}

function stay(question: Question, ips: readonly Ip[], wish: Wish): Decision | undefined {
  const place = ips.length === 0 ? "" : placeOf(question, ips, wish);
  if (typeof place === "string") {
    return undefined;
  }
  const kept = keep(question, ips, place, wish);
  return isAcceptable(question, kept.ips) ? kept : undefined;
}

function includes(ips: readonly Ip[], ip: Ip): boolean {
  return ips.some((other) => isSameIp(other, ip));
}
