import { ANNOTATION, POOL_ANNOTATION } from "#lib/api/annotations.ts";
import { listNames } from "#lib/api/list-names.ts";
import type { Finding, PoolRefusal, Refusal } from "./decision.ts";
import type { Question } from "./question.ts";
import { besides } from "./set-aside-sentence.ts";

/** From the reason that is nearest to an address to the one that is furthest from it. */
const NEAREST_FIRST = [
  "PoolExhausted",
  "QuotaReached",
  "FamilyMissing",
  "PoolNotForService",
  "PoolNotForNamespace",
  "AutoAssignOff",
] as const satisfies readonly Refusal[];

/** One finding for all the pools that were passed over: that of those which came nearest to giving an address. */
export function summarize(question: Question, tried: readonly PoolRefusal[]): Finding {
  for (const reason of NEAREST_FIRST) {
    const nearest = tried.filter((refusal) => refusal.reason === reason);
    const [first, second] = nearest;
    if (first !== undefined) {
      const isAlone = second === undefined && reason !== "FamilyMissing";
      return { reason, message: isAlone ? first.message : messageFor(reason, question, nearest) };
    }
  }
  return {
    reason: "FamilyMissing",
    message: `${question.service.key} has cluster IPs of both families and ipFamilyPolicy SingleStack: set it to PreferDualStack or RequireDualStack`,
  };
}

function messageFor(
  reason: (typeof NEAREST_FIRST)[number],
  question: Question,
  nearest: readonly PoolRefusal[],
): string {
  const { key, namespace } = question.service;
  const names = listNames(nearest.map(({ pool }) => `"${pool}"`));
  const setAside = nearest.reduce((sum, refusal) => sum + (refusal.setAside ?? 0), 0);
  switch (reason) {
    case "PoolExhausted":
      return `Every address of the pools ${names} that ${key} may use is taken${besides(setAside)}: widen a pool, or delete a Service that uses one`;
    case "QuotaReached":
      return `Namespace "${namespace}" has not so many addresses of the pools ${names} left as ${key} needs, by their annotation ${POOL_ANNOTATION.maxPerNamespace}: raise one, or delete a Service of the namespace`;
    case "PoolNotForService":
      return `The pools ${names} serve only Services that their serviceSelectors match: give ${key} such labels, or add a pool`;
    case "PoolNotForNamespace":
      return `The pools ${names} serve only other namespaces: ${key} is in "${namespace}"`;
    case "AutoAssignOff":
      return `The pools ${names} give addresses only to those that ask (autoAssign is off): give ${key} the annotation ${ANNOTATION.addressPool}`;
    case "FamilyMissing":
      return familyMissing(question);
  }
}

function familyMissing({ service, families }: Question): string {
  return families.length === 2
    ? `${service.key} needs IPv4 and IPv6 of one pool, and no pool it may use has both`
    : `${service.key} needs ${families.join()}, and no pool it may use has ${families.join()} addresses`;
}
