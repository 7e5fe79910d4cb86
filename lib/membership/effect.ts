import type { MemberChange } from "./change.ts";
import type { Message } from "./message.ts";

/** What is to be done, or has come to be known. */
export type Effect =
  | { readonly kind: "send"; readonly to: string; readonly message: Message }
  /** Ask the kernel of the node for its own address, by a frame to its MAC address alone. */
  | { readonly kind: "probe"; readonly node: string }
  | { readonly kind: "member"; readonly change: MemberChange }
  /** Whether the member hears this node, which tells it that it lives: a firewall may pass one way only. */
  | { readonly kind: "hearing"; readonly node: string; readonly hearsThis: boolean }
  /** A living member has other links than before, or drains. */
  | { readonly kind: "info"; readonly node: string }
  /** It left the cluster long ago: nobody listens to it any more. */
  | { readonly kind: "forgotten"; readonly node: string }
  /** Another claim of the group is known than before. */
  | { readonly kind: "claim"; readonly group: string }
  /** A member told of itself that it has the group, by a claim that is outdated. */
  | { readonly kind: "rival"; readonly group: string }
  /** Whether this node knows enough to answer for what it owns. */
  | { readonly kind: "settled"; readonly isSettled: boolean; readonly because: string };
