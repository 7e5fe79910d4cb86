import type { GroupDemand } from "./candidates.ts";
import type { Role } from "./role.ts";

/** An address group that is to be announced, as one node sees it. */
export interface Group {
  demand: GroupDemand;
  /** The owner as it was last seen; undefined: nobody. */
  owner: string | undefined;
  role: Role | undefined;
  lendUntil: number;
  /** When it was last announced anew, though this node had it already. */
  announcedAt: number;
  /** The node to which this one would give it back, and since when; undefined: none. */
  preferred: { readonly node: string; readonly since: number } | undefined;
  /** Since when nobody has it, as far as this node knows; undefined: somebody does. */
  orphanSince: number | undefined;
  /** When to look again though nothing has happened. */
  lookAt: number;
}

export function newGroup(demand: GroupDemand): Group {
  return {
    demand,
    owner: undefined,
    role: undefined,
    lendUntil: 0,
    announcedAt: Number.NEGATIVE_INFINITY,
    preferred: undefined,
    orphanSince: undefined,
    lookAt: Number.POSITIVE_INFINITY,
  };
}

export function lookAgain(group: Group, at: number): void {
  group.lookAt = Math.min(group.lookAt, at);
}
