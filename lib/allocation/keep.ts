/** Whether a Service keeps the addresses it has, and what is added to them. */

import { type Family, formatIp, type Ip, isSameIp, tryParseIp } from "#lib/address/ip.ts";
import type { Assignment } from "./decision.ts";
import { refuseAddresses } from "./permission.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import { acceptableFamilies, listIps, type Question } from "./question.ts";
import { lowestOf } from "./search.ts";
import { continued, shorten } from "./sentence.ts";
import type { Wish } from "./wish.ts";

/** The addresses that a Service has when it is looked at. */
export interface Present {
  readonly ips: readonly Ip[];
  /** As part of a sentence; empty when it has none. */
  readonly text: string;
}

/** What the status says; while a first write is under way it says nothing, and what was allocated counts. */
export function presentOf({ allocations, service }: Question): Present {
  if (service.ingress.length === 0) {
    const ips = allocations.allocationOf(service.key)?.ips ?? [];
    return { ips, text: listIps(ips) };
  }
  const ips = service.ingress.map(tryParseIp);
  const isReadable = ips.every((ip) => ip !== undefined);
  return isReadable
    ? { ips, text: listIps(ips) }
    : { ips: [], text: service.ingress.join(" and ") };
}

/** The pool whose addresses the Service keeps, or why it may not keep them. */
export function homeOf(
  question: Question,
  { ips, text }: Present,
  wish: Wish,
): PoolLedger | string {
  const { allocations, service, families } = question;
  if (!isAcceptable(question, ips)) {
    return `${service.key} needs ${families.join(" and ")}`;
  }
  const ledger = allocations.poolOf(ips);
  if (ledger === undefined) {
    return `no pool has ${text} any more`;
  }
  const finding = refuseAddresses(question, ledger, ips);
  if (finding !== undefined) {
    return continued(finding.message);
  }
  return otherAsked(ips, ledger, wish) ?? ledger;
}

/** A request that cannot be read changes nothing, nor does one that is withdrawn. */
function otherAsked(ips: readonly Ip[], { pool }: PoolLedger, wish: Wish): string | undefined {
  if (wish.pool !== undefined && wish.pool.name !== pool.name) {
    return `${wish.pool.askedBy} asks for pool "${shorten(wish.pool.name)}", and ${listIps(ips)} is of pool "${pool.name}"`;
  }
  const asked = wish.addresses;
  return asked === undefined || isSameSet(asked.ips, ips)
    ? undefined
    : `${asked.askedBy} asks for ${listIps(asked.ips)}`;
}

/** The addresses that stay, and with PreferDualStack one of the family that is missing. */
export function keep(
  question: Question,
  ips: readonly Ip[],
  ledger: PoolLedger,
  wish: Wish,
): Assignment {
  const kept: Assignment = {
    kind: "assign",
    ips: wish.addresses?.ips ?? ips,
    pool: ledger.pool.name,
    why: "kept: the Service has it",
    tried: [],
  };
  if (wish.malformed !== undefined) {
    const { message } = wish.malformed;
    return { ...kept, warning: { reason: "LoadBalancerFailed", message } };
  }
  const missing = question.families.find((family) => ips.every((ip) => ip.family !== family));
  return missing === undefined || wish.addresses !== undefined
    ? kept
    : add(question, missing, ledger, kept);
}

function add(question: Question, family: Family, ledger: PoolLedger, kept: Assignment): Assignment {
  const added = lowestOf(question, ledger, family);
  if ("reason" in added) {
    const message = `${question.service.key} keeps ${listIps(kept.ips)} alone: ${continued(added.message)}`;
    return { ...kept, warning: { reason: "AdditionalAssignFailed", message } };
  }
  return {
    ...kept,
    ips: family === "IPv4" ? [added, ...kept.ips] : [...kept.ips, added],
    why: `kept, and ${formatIp(added)} added: lowest that it may use of the same pool`,
  };
}

function isAcceptable(question: Question, ips: readonly Ip[]): boolean {
  const has = (family: Family): boolean => ips.some((ip) => ip.family === family);
  return acceptableFamilies(question).some(
    (families) => families.length === ips.length && families.every(has),
  );
}

function isSameSet(a: readonly Ip[], b: readonly Ip[]): boolean {
  return a.length === b.length && a.every((ip) => b.some((other) => isSameIp(ip, other)));
}
