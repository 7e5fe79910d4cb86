/** What this node does about a group. */
export type Role =
  | { readonly kind: "own" }
  /** Answer for another node, with its MAC address. */
  | { readonly kind: "voice"; readonly of: string }
  /** Hear who asks, for it may be this node's next. */
  | { readonly kind: "listen" };

export function isSameRole(one: Role | undefined, other: Role | undefined): boolean {
  return one?.kind === other?.kind && voiceOf(one) === voiceOf(other);
}

function voiceOf(role: Role | undefined): string | undefined {
  return role?.kind === "voice" ? role.of : undefined;
}
