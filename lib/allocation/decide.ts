/**
 * What addresses one Service of type LoadBalancer is to have: MetalLB's convergence of a Service, restated as a chain of
 * policies. Nothing is changed here; whoever asks allocates what was decided, or releases.
 */

import { formatIp, type Ip, ipsWithout } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import type { Allocations } from "./allocations.ts";
import { choose, refuse } from "./choose.ts";
import { comeBack } from "./come-back.ts";
import { contestedOf, moveAway } from "./contested.ts";
import type { Decision } from "./decision.ts";
import { isPair } from "./families.ts";
import { homeOf, keep, needOf, presentOf, stillNeeded, unshown } from "./keep.ts";
import { isForeign, refuseOutright } from "./precondition.ts";
import { type Question, questionOf } from "./question.ts";
import { continued } from "./sentence.ts";
import { type Wish, wishOf } from "./wish.ts";

/** Pools of equal rank are tried in the order of their names, so the same state always gives the same decision. */
export function decide(allocations: Allocations, service: Service): Decision {
  const question = questionOf(allocations, service);
  const present = presentOf(question);
  const refusal = refuseOutright(question);
  if (refusal !== undefined) {
    const refused = refuse(refusal);
    return isForeign(service, refusal.reason)
      ? refused
      : losing(question, present, continued(refusal.message), refused);
  }
  const wish = wishOf(service);
  if (present.length === 0) {
    return comeBack(question, wish) ?? choose(question, wish);
  }
  if (typeof present === "string") {
    return losing(question, present, needOf(question), otherwise(question, wish));
  }
  const needed = stillNeeded(question, present);
  const contested = contestedOf(question, needed, wish);
  if (contested !== undefined) {
    return moveAway(question, present, contested, wish);
  }
  const home = homeOf(question, needed, wish);
  if (typeof home === "string") {
    return losing(question, present, home, otherwise(question, wish));
  }
  const kept = keep(question, needed, home, wish);
  if (needed === present) {
    return kept;
  }
  const dropped = ipsWithout(present, needed);
  return losing(question, dropped, needOf(question), kept);
}

/** For a Service that may not keep what its status shows: what was allocated to it, when somebody else wrote that status. */
function otherwise(question: Question, wish: Wish): Decision {
  const ips = unshown(question);
  const home = ips.length === 0 ? "" : homeOf(question, ips, wish);
  return typeof home === "string" ? choose(question, wish) : keep(question, ips, home, wish);
}

/** The decision for a Service that loses what it has. */
function losing(
  { service }: Question,
  lost: readonly Ip[] | string,
  why: string,
  decision: Decision,
): Decision {
  const given = decision.kind === "assign" ? decision.ips : [];
  const gone = typeof lost === "string" ? lost : ipsWithout(lost, given);
  if (gone.length === 0) {
    return decision;
  }
  const ips = typeof gone === "string" ? service.ingress : gone.map(formatIp);
  const message = `${ips.join(" and ")} ${ips.length === 1 ? "is" : "are"} taken from ${service.key}: ${why}`;
  const isWhole = typeof lost !== "string" && (lost.length === 1 || isPair(lost));
  const reason = isWhole ? "ClearAssignment" : "nolbIPsIPFamily";
  return { ...decision, loss: { reason, ips, message } };
}
