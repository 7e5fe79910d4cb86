import type { Message } from "#lib/membership/message.ts";
import type { Role } from "./role.ts";

/** Why a group has another owner. */
export interface Cause {
  /** A sentence. */
  readonly because: string;
  /** Milliseconds since the last heartbeat of the old owner, when it died. */
  readonly afterMs?: number;
}

/** What is to be done about groups, or has come to be known of them. */
export type ClaimantEffect =
  | { readonly kind: "send"; readonly to: string; readonly message: Message }
  /** This node has put a claim into the table, which is to be spread, and told those at once. */
  | { readonly kind: "claimed"; readonly group: string; readonly tell: readonly string[] }
  /** Ask the owner's MAC address, and no other, for the group's; the answer is an address that was heard. */
  | { readonly kind: "ask"; readonly group: string; readonly owner: string }
  /** Tell everybody once more whose the group is, for another node told otherwise. */
  | { readonly kind: "defend"; readonly group: string }
  /** The same as if this node had just taken the group: another may have announced it for long. */
  | { readonly kind: "announce"; readonly group: string }
  | { readonly kind: "role"; readonly group: string; readonly role: Role | undefined }
  | (Cause & {
      readonly kind: "owner";
      readonly group: string;
      readonly from: string | undefined;
      readonly to: string | undefined;
    });
