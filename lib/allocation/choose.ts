/** Which addresses a Service gets that has none: those it asks for, or of the pool it asks for, or of the first that serves it. */

import { formatIp, type Ip } from "#lib/address/ip.ts";
import { POOL_ANNOTATION } from "#lib/api/annotations.ts";
import { listNames } from "#lib/api/list-names.ts";
import type { Allocations } from "./allocations.ts";
import type { Assignment, Decision, Finding, PoolRefusal, Refused } from "./decision.ts";
import { refuseToGive } from "./permission.ts";
import type { Question } from "./question.ts";
import { type Found, Search } from "./search.ts";
import { listIps, shorten } from "./sentence.ts";
import { summarize } from "./summary.ts";
import type { Wish } from "./wish.ts";

export function choose(question: Question, wish: Wish): Decision {
  if (wish.malformed !== undefined) {
    return refuse(wish.malformed);
  }
  if (wish.addresses !== undefined) {
    return chooseAddresses(question, wish.addresses, wish.pool);
  }
  if (wish.pool !== undefined) {
    return chooseFromPool(question, wish.pool);
  }
  return chooseFromAny(question);
}

export function refuse(finding: Finding, tried: readonly PoolRefusal[] = []): Refused {
  const { reason, message } = finding;
  return { kind: "refuse", reason, message, tried };
}

function chooseAddresses(
  question: Question,
  { ips, askedBy }: NonNullable<Wish["addresses"]>,
  asked: Wish["pool"],
): Decision {
  const { allocations, service, families } = question;
  const list = listIps(ips);
  if (ips.length !== families.length || ips.some(({ family }) => !families.includes(family))) {
    const needed = families.join(" and ");
    return refuse({
      reason: "BadRequest",
      message: `${service.key} needs ${needed}, and ${askedBy} asks for ${list}: ask for one address of each family that it needs`,
    });
  }
  const ledger = allocations.pools.having(ips);
  if (ledger === undefined) {
    return refuse(ofNoPool(question, ips, askedBy));
  }
  const pool = ledger.pool.name;
  const finding = refuseToGive(question, ledger, ips);
  if (finding !== undefined) {
    return refuse(finding, [{ pool, ...finding }]);
  }
  if (asked !== undefined && asked.name !== pool) {
    return refuse({
      reason: "BadRequest",
      message: `${list}, which ${service.key} asks for, is of pool "${pool}", and ${asked.askedBy} asks for pool "${shorten(asked.name)}": drop one of the two`,
    });
  }
  return { kind: "assign", ips, pool, why: `asked for by ${askedBy}`, tried: [] };
}

function ofNoPool(
  { allocations, service }: Question,
  ips: readonly Ip[],
  askedBy: string,
): Finding {
  const stray = ips.find((ip) => allocations.pools.having([ip]) === undefined);
  if (stray === undefined) {
    return {
      reason: "NotInAnyPool",
      message: `${listIps(ips)}, which ${service.key} asks for, are of two pools: ask for addresses of one`,
    };
  }
  const excluding = allocations.pools.excluding(stray);
  return excluding === undefined
    ? {
        reason: "NotInAnyPool",
        message: `${formatIp(stray)}, which ${service.key} asks for, ${unknown(allocations, "is in no pool", "is in no pool that is in force", `add it to a pool, or drop ${nameOf(askedBy)}`)}`,
      }
    : {
        reason: "AddressExcluded",
        message: `${formatIp(stray)}, which ${service.key} asks for, is excluded from pool "${excluding.name}" by its annotation ${POOL_ANNOTATION.exclude}: ask for another, or take it out of that`,
      };
}

/** The fact and the mend; a pool that cannot be read keeps those out of force that were made or changed since. */
function unknown({ unreadable }: Allocations, fact: string, factNow: string, mend: string): string {
  const names = listNames(unreadable.map((name) => `"${name}"`));
  const pools = unreadable.length === 1 ? "pool" : "pools";
  return unreadable.length === 0
    ? `${fact}: ${mend}`
    : `${factNow}, and nothing new comes into force before ${pools} ${names} can be read: correct ${unreadable.length === 1 ? "it" : "them"} first`;
}

function nameOf(askedBy: string): string {
  return askedBy.includes("/") ? `the annotation ${askedBy}` : askedBy;
}

function chooseFromPool(
  question: Question,
  { name, askedBy }: NonNullable<Wish["pool"]>,
): Decision {
  const { allocations, service } = question;
  const ledger = allocations.pools.named(name);
  if (ledger === undefined) {
    return refuse({
      reason: "UnknownPool",
      message: `Pool "${shorten(name)}", which ${service.key} asks for, ${unknown(allocations, "does not exist", "is not in force", `create it, or change the annotation ${askedBy}`)}`,
    });
  }
  const search = new Search(question, true);
  const found = search.among([ledger]);
  return found === undefined
    ? refuse(search.refusals[0] ?? summarize(question, []), search.refusals)
    : assign(question, found, `the pool that ${askedBy} asks for`, []);
}

/** Pools with a serviceAllocation come first; the others only when none of those gives anything. */
function chooseFromAny(question: Question): Decision {
  const { pinned, unpinned } = question.allocations.pools;
  const search = new Search(question, false);
  const found = search.among(pinned) ?? search.among(unpinned);
  return found === undefined
    ? refuse(summarize(question, search.refusals), search.refusals)
    : assign(question, found, "the first pool that serves the namespace", search.refusals);
}

function assign(
  { allocations, holder }: Question,
  { ips, ledger }: Found,
  where: string,
  tried: readonly PoolRefusal[],
): Assignment {
  const isShared = ips.some((ip) => allocations.isHeldByOtherThan(holder.key, ip));
  const why = `${isShared ? "lowest that it may use" : "lowest free"} of ${where}`;
  return { kind: "assign", ips, pool: ledger.pool.name, why, tried };
}
