import type { Role } from "#lib/election/role.ts";
import { MemberState } from "#lib/membership/member-record.ts";

export const STATE_NAMES: Readonly<Record<MemberState, string>> = {
  [MemberState.alive]: "alive",
  [MemberState.restarting]: "restarting",
  [MemberState.speakerDown]: "speaker down",
  [MemberState.dead]: "dead",
};

export function wordsFor(role: Role | undefined): string {
  switch (role?.kind) {
    case "own":
      return "answers with its own MAC address";
    case "voice":
      return `answers with the MAC address of ${role.of}`;
    case "listen":
      return "listens, and does not answer";
    case undefined:
      return "does not answer";
  }
}
