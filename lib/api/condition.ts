import type { Condition } from "./service.ts";

/**
 * The condition to write so that it says what is wanted, or undefined when the old one says so already. Its
 * lastTransitionTime is that of its status alone: another reason or message keeps it, as metav1.Condition demands.
 *
 * @param old the condition of the same type as it stands
 * @param now RFC 3339
 */
export function nextCondition(
  old: Condition | undefined,
  wanted: Omit<Condition, "lastTransitionTime">,
  now: string,
): Condition | undefined {
  const { type, status, reason, message } = wanted;
  if (old?.status === status && old.reason === reason && old.message === message) {
    return undefined;
  }
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
  return { type, status, reason, message, lastTransitionTime };
}
