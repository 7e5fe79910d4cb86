import type { MemberState } from "./member-record.ts";

/** A member is in another state than before, as this node sees it. */
export interface MemberChange {
  /** Name. */
  readonly node: string;
  /** Undefined: it was not known. */
  readonly from: MemberState | undefined;
  readonly to: MemberState;
  /** A sentence. */
  readonly because: string;
  /** Milliseconds since it was last heard, when it is down and this node watched over it. */
  readonly silentMs?: number;
}
