import { MemberState } from "#lib/membership/member-record.ts";
import type { Members } from "./members.ts";
import type { FromNetwork } from "./messages.ts";

/** What the main thread is told of the members. */
export function membersState(
  nodeName: string,
  members: Pick<Members, "names" | "stateOf" | "subnetsOf">,
): Extract<FromNetwork, { kind: "alive" }> {
  const known = members.names.filter(
    (node) => (members.stateOf(node) ?? MemberState.dead) !== MemberState.dead,
  );
  const nodes = [...new Set([nodeName, ...known])];
  return {
    kind: "alive",
    nodes,
    dead: members.names.filter((node) => members.stateOf(node) === MemberState.dead),
    speaking: nodes.filter((node) => members.stateOf(node) === MemberState.alive),
    subnets: Object.fromEntries(
      nodes.flatMap((node) => {
        const subnets = members.subnetsOf(node);
        return subnets === undefined ? [] : [[node, subnets]];
      }),
    ),
  };
}
