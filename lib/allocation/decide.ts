/**
 * What addresses one Service of type LoadBalancer is to have: MetalLB's convergence of a Service, restated as a chain of
 * policies. Nothing is changed here; whoever asks allocates what was decided, or releases.
 */

import { type Ip, isSameIp } from "#lib/address/ip.ts";
import { ANNOTATION } from "#lib/api/annotations.ts";
import type { Service } from "#lib/api/service.ts";
import type { Allocations } from "./allocations.ts";
import { choose, refuse } from "./choose.ts";
import type { Decision } from "./decision.ts";
import { comeBack, homeOf, keep, needOf, presentOf, stillNeeded } from "./keep.ts";
import { refuseOutright } from "./precondition.ts";
import { listIps, type Question, questionOf } from "./question.ts";
import { continued } from "./sentence.ts";
import { wishOf } from "./wish.ts";

/** Pools of equal rank are tried in the order of their names, so the same state always gives the same decision. */
export function decide(allocations: Allocations, service: Service): Decision {
  const question = questionOf(allocations, service);
  const present = presentOf(question);
  const refusal = refuseOutright(question);
  if (refusal !== undefined) {
    const refused = refuse(refusal);
    const isForeign = refusal.reason === "NoPool" && !hasOurs(service);
    return isForeign ? refused : losing(question, present, continued(refusal.message), refused);
  }
  const wish = wishOf(service);
  if (present.length === 0) {
    return comeBack(question, wish) ?? choose(question, wish);
  }
  if (typeof present === "string") {
    return losing(question, present, needOf(question), choose(question, wish));
  }
  const needed = stillNeeded(question, present);
  const home = homeOf(question, needed, wish);
  if (typeof home === "string") {
    return losing(question, present, home, choose(question, wish));
  }
  const kept = keep(question, needed, home, wish);
  if (needed === present) {
    return kept;
  }
  const dropped = present.filter((ip) => !needed.includes(ip));
  return losing(question, dropped, needOf(question), kept);
}

/** Without pools, who gave an address shows only in the annotation; MetalLB takes it from the Service all the same. */
function hasOurs({ annotations }: Service): boolean {
  return annotations[ANNOTATION.allocatedFromPool] !== undefined;
}

/** The decision for a Service that loses what it has. */
function losing(
  { service }: Question,
  lost: readonly Ip[] | string,
  why: string,
  decision: Decision,
): Decision {
  const given = decision.kind === "assign" ? decision.ips : [];
  const gone =
    typeof lost === "string"
      ? lost
      : lost.filter((ip) => !given.some((other) => isSameIp(other, ip)));
  if (gone.length === 0) {
    return decision;
  }
  const what = typeof gone === "string" ? gone : listIps(gone);
  const message = `${what} is taken from ${service.key}: ${why}`;
  const reason = isOneOrPair(lost) ? "ClearAssignment" : "nolbIPsIPFamily";
  return { ...decision, loss: { reason, what, message } };
}

function isOneOrPair(ips: readonly Ip[] | string): boolean {
  const families = typeof ips === "string" ? [] : ips.map(({ family }) => family);
  return families.length === 1 || (families.length === 2 && families[0] !== families[1]);
}
