/** Which addresses a Service gets that has none: those it asks for, or of the pool it asks for, or of the first that serves it. */

import { ANNOTATION } from "#lib/api/annotations.ts";
import type { Assignment, Decision, Finding, PoolRefusal, Refused } from "./decision.ts";
import { refuseAddresses, refuseService } from "./permission.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import { listIps, type Question } from "./question.ts";
import { type Found, Search } from "./search.ts";
import { shorten } from "./sentence.ts";
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
  return { kind: "refuse", ...finding, tried };
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
  const ledger = allocations.poolOf(ips);
  if (ledger === undefined) {
    return refuse(notInAnyPool(question, ips, askedBy));
  }
  const finding = refuseAddresses(question, ledger, ips);
  if (finding !== undefined) {
    return refuse(finding, [{ pool: ledger.pool.name, ...finding }]);
  }
  if (asked !== undefined && asked.name !== ledger.pool.name) {
    return refuse({
      reason: "BadRequest",
      message: `${list}, which ${service.key} asks for, is of pool "${ledger.pool.name}", and ${asked.askedBy} asks for pool "${shorten(asked.name)}": drop one of the two`,
    });
  }
  return { kind: "assign", ips, pool: ledger.pool.name, why: `asked for by ${askedBy}`, tried: [] };
}

function notInAnyPool(
  { allocations, service }: Question,
  ips: NonNullable<Wish["addresses"]>["ips"],
  askedBy: string,
): Finding {
  const stray = ips.find((ip) => allocations.poolOf([ip]) === undefined);
  const message =
    stray === undefined
      ? `${listIps(ips)}, which ${service.key} asks for, are of two pools: ask for addresses of one`
      : `${listIps([stray])}, which ${service.key} asks for, is in no pool: add it to a pool, or drop ${nameOf(askedBy)}`;
  return { reason: "NotInAnyPool", message };
}

function nameOf(askedBy: string): string {
  return askedBy.includes("/") ? `the annotation ${askedBy}` : askedBy;
}

function chooseFromPool(
  question: Question,
  { name, askedBy }: NonNullable<Wish["pool"]>,
): Decision {
  const { allocations, service } = question;
  const ledger = allocations.pool(name);
  if (ledger === undefined) {
    return refuse({
      reason: "UnknownPool",
      message: `Pool "${shorten(name)}", which ${service.key} asks for, does not exist: create it, or change the annotation ${askedBy}`,
    });
  }
  const finding = refuseService(question, ledger);
  if (finding !== undefined) {
    return refuse(finding, [{ pool: name, ...finding }]);
  }
  const search = new Search(question);
  const found = search.among([ledger]);
  return found === undefined
    ? refuse(search.refusals[0] ?? summarize(question, []), search.refusals)
    : assign(question, found, `the pool that ${askedBy} asks for`, []);
}

/** Pools with a serviceAllocation come first; the others only when none of those gives anything. */
function chooseFromAny(question: Question): Decision {
  const notAsked: PoolRefusal[] = [];
  const open: PoolLedger[] = [];
  for (const ledger of question.allocations.pools) {
    const finding = autoAssignOff(question, ledger) ?? refuseService(question, ledger);
    if (finding === undefined) {
      open.push(ledger);
    } else {
      notAsked.push({ pool: ledger.pool.name, ...finding });
    }
  }
  const search = new Search(question);
  const found =
    search.among(open.filter(({ pool }) => pool.serviceAllocation !== undefined)) ??
    search.among(open.filter(({ pool }) => pool.serviceAllocation === undefined));
  const tried = [...search.refusals, ...notAsked];
  return found === undefined
    ? refuse(summarize(question, tried), tried)
    : assign(question, found, "the first pool that serves the namespace", tried);
}

function autoAssignOff({ service }: Question, { pool }: PoolLedger): Finding | undefined {
  return pool.autoAssign
    ? undefined
    : {
        reason: "AutoAssignOff",
        message: `Pool "${pool.name}" gives addresses only to those that ask (autoAssign is off): give ${service.key} the annotation ${ANNOTATION.addressPool}`,
      };
}

function assign(
  { allocations, holder }: Question,
  { ips, ledger }: Found,
  where: string,
  tried: readonly PoolRefusal[],
): Assignment {
  const isShared = ips.some((ip) => allocations.isHeldByOtherThan(holder.service, ip));
  const why = `${isShared ? "lowest that it may use" : "lowest free"} of ${where}`;
  return { kind: "assign", ips, pool: ledger.pool.name, why, tried };
}
