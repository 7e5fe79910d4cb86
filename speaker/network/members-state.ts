import { MemberState } from "#lib/membership/member-record.ts";
import type { MemberDirectory } from "./member-directory.ts";
import type { FromNetwork } from "./messages.ts";

/** What the main thread is told of the directory. */
export function membersState(
  nodeName: string,
  directory: Pick<MemberDirectory, "names" | "stateOf" | "subnetsOf">,
): Extract<FromNetwork, { kind: "alive" }> {
  const known = directory.names.filter(
    (node) => (directory.stateOf(node) ?? MemberState.dead) !== MemberState.dead,
  );
  const nodes = [...new Set([nodeName, ...known])];
  return {
    kind: "alive",
    nodes,
    dead: directory.names.filter((node) => directory.stateOf(node) === MemberState.dead),
    speaking: nodes.filter((node) => directory.stateOf(node) === MemberState.alive),
    subnets: Object.fromEntries(
      nodes.flatMap((node) => {
        const subnets = directory.subnetsOf(node);
        return subnets === undefined ? [] : [[node, subnets]];
      }),
    ),
  };
}
