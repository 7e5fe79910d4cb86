import type { Assignment } from "./decision.ts";
import { isAcceptable, keep } from "./keep.ts";
import { refuseToGive } from "./permission.ts";
import type { Question } from "./question.ts";
import { refuseUnasked } from "./search.ts";
import type { Wish } from "./wish.ts";

/**
 * What a Service without address had when it had one, as when it was deleted and made again under its name: undefined
 * when it asks for addresses itself, or when it could not be given those now.
 */
export function comeBack(question: Question, wish: Wish): Assignment | undefined {
  const { allocations, service, families } = question;
  if (wish.addresses !== undefined || wish.malformed !== undefined) {
    return undefined;
  }
  const released = allocations.released.lastOf(service.key);
  const ips = released.filter(({ family }) => families.includes(family));
  const ledger = isAcceptable(question, ips) ? allocations.pools.having(ips) : undefined;
  if (ledger === undefined) {
    return undefined;
  }
  if (ips.some((ip) => allocations.isSetAside(ip))) {
    return undefined;
  }
  const isOffered =
    wish.pool === undefined
      ? refuseUnasked(question, ledger) === undefined
      : wish.pool.name === ledger.pool.name;
  if (!isOffered || refuseToGive(question, ledger, ips) !== undefined) {
    return undefined;
  }
  return keep(question, ips, ledger, wish, "the Service had it before");
}
