import type { MemberInfo } from "./member-record.ts";
import type { Profile } from "./profile.ts";

export interface MemberOptions {
  /** Name of this node. */
  readonly self: string;
  readonly profile: Profile;
  readonly info: MemberInfo;
  /** 0 to below 1. */
  readonly random: () => number;
  /** Whether any frame at all came in since this was last asked: a node that hears no member may be alone, or deaf. */
  hearsFrames(): boolean;
}
