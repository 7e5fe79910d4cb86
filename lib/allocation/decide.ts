/**
 * What addresses one Service of type LoadBalancer is to have: MetalLB's convergence of a Service, restated as a chain of
 * policies. Nothing is changed here; whoever asks allocates what was decided, or releases.
 */

import { ANNOTATION } from "#lib/api/annotations.ts";
import type { Service } from "#lib/api/service.ts";
import type { Allocations } from "./allocations.ts";
import { choose, refuse } from "./choose.ts";
import type { Decision } from "./decision.ts";
import { homeOf, keep, type Present, presentOf } from "./keep.ts";
import { refuseOutright } from "./precondition.ts";
import { type Question, questionOf } from "./question.ts";
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
    return isForeign ? refused : clear(question, present, continued(refusal.message), refused);
  }
  const wish = wishOf(service);
  if (present.text === "") {
    return choose(question, wish);
  }
  const home = homeOf(question, present, wish);
  return typeof home === "string"
    ? clear(question, present, home, choose(question, wish))
    : keep(question, present.ips, home, wish);
}

/** Without pools, who gave an address shows only in the annotation; MetalLB takes it from the Service all the same. */
function hasOurs({ annotations }: Service): boolean {
  return annotations[ANNOTATION.allocatedFromPool] !== undefined;
}

/** The decision for a Service that loses what it has. */
function clear(
  { service }: Question,
  { text }: Present,
  why: string,
  decision: Decision,
): Decision {
  return text === ""
    ? decision
    : { ...decision, cleared: `${text} is taken from ${service.key}: ${why}` };
}
