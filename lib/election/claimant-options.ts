import type { Member } from "#lib/membership/member.ts";

export interface ClaimantOptions {
  /** Name of this node. */
  readonly self: string;
  readonly member: Member;
  /** How long another must have been first until it is offered a group; Infinity: never. */
  readonly failbackMs: number;
  /** Whether nodes answer with the MAC addresses of others: some switches do not let such answers pass. */
  readonly hasSurrogates: boolean;
}
