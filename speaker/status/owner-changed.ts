import type { OwnerChange } from "#lib/election/owner.ts";

/**
 * When a node dies that had thousands of Services, an Event tells of so many of them. Of the others the log does, as of
 * all: Events leave one by one, and those of what comes after would wait for minutes.
 */
const MAX_TOLD = 1_000;

/** The changes, by Service, that this node is to tell of: it took over from another. The first owner is no news. */
export function changesToTell(
  changes: readonly OwnerChange[],
  node: string,
): ReadonlyMap<string, OwnerChange> {
  const taken = Iterator.from(changes).filter(
    ({ from, to }) => to === node && from !== undefined && from !== node,
  );
  return new Map(taken.take(MAX_TOLD).map((change) => [change.service, change]));
}

/**
 * What the Event OwnerChanged says: who answers now, instead of whom, how long nobody may have answered, and why.
 *
 * @param ips all of the Service
 */
export function ownerChangedSentence(
  { afterMs, because, from, to }: OwnerChange,
  ips: readonly string[],
): string {
  const after = afterMs === undefined ? "" : `, ${afterMs} ms after its last sign of life`;
  return `${to} answers for ${ips.join(" and ")} instead of ${from}${after}: ${because}`;
}
