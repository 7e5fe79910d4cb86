/** Deliberate breaks of the code, each of which some seed has to bring to light. */

import type { PromiseName } from "./observer.ts";

export interface Edit {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

export interface Mutation {
  readonly name: string;
  /** Of docs/design/membership.md: what it was there for. */
  readonly promise: PromiseName;
  readonly edits: readonly Edit[];
  /** Of the clusters; 2 to 5 if not given. */
  readonly nodes?: number;
  /** The only one that is played; all if not given. */
  readonly scenario?: string;
}

const CANDIDATES = "lib/election/candidates.ts";
const CLAIMANT = "lib/election/claimant.ts";
const ROLES = "lib/election/roles.ts";
const GIVING = "lib/election/giving.ts";
const MEMBER = "lib/membership/member.ts";
const PROFILE = "lib/membership/profile.ts";
const PULSE = "lib/membership/pulse.ts";
const REPLICA = "lib/membership/replica.ts";
const SUCCESSION = "lib/election/succession.ts";
const VIGIL = "lib/membership/vigil.ts";
const WATCH = "lib/membership/watch.ts";

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "a node that is dead is given three times as long",
    promise: "P1",
    edits: [{ file: PROFILE, from: "voteAfter: 325", to: "voteAfter: 1_050" }],
  },
  {
    name: "verdicts are told nobody",
    promise: "P1",
    nodes: 12,
    edits: [
      { file: REPLICA, from: "this.#spreading.member(record.node);", to: "" },
      {
        file: VIGIL,
        from: "for (const to of observers) {",
        to: "for (const to of [] as string[]) {",
      },
    ],
  },
  {
    name: "nobody lends a silent owner its voice",
    promise: "P2",
    edits: [
      {
        file: ROLES,
        from: "return state !== MemberState.dead && this.#candidates.isSurrogate(group.demand, owner);",
        to: "return false;",
      },
    ],
  },
  {
    name: "who lends its voice tells its own MAC address",
    promise: "P2",
    edits: [
      {
        file: ROLES,
        from: 'return { kind: "voice", of: owner };',
        to: 'return { kind: "own" };',
      },
    ],
  },
  {
    name: "that the kernel answers counts for nothing",
    promise: "P2",
    edits: [
      {
        file: WATCH,
        from: "this.#kernelAnswers() ? Finding.speakerDown : Finding.down",
        to: "Finding.down",
      },
    ],
  },
  {
    name: "an address is given back at once",
    promise: "P3",
    edits: [
      {
        file: GIVING,
        from: "Math.max(since + failbackMs, askableAt(preferred))",
        to: "Math.max(since, askableAt(preferred))",
      },
    ],
  },
  {
    name: "offers are accepted while draining",
    promise: "P3",
    edits: [{ file: CANDIDATES, from: " && !this.#drains(node)", to: "" }],
  },
  {
    name: "the old owner falls silent at once",
    promise: "P3",
    edits: [{ file: CLAIMANT, from: "const LEND_MS = 2_000;", to: "const LEND_MS = 0;" }],
  },
  {
    name: "an offer under way is made to another node too",
    promise: "P3",
    edits: [
      {
        file: "lib/election/moves.ts",
        from: "if (known !== undefined && (known.to === to || known.since !== undefined)) {",
        to: "if (known?.to === to) {",
      },
    ],
  },
  {
    name: "a speaker that starts asks nobody",
    promise: "P4",
    edits: [
      { file: PROFILE, from: "askFor: 300", to: "askFor: 0" },
      { file: PROFILE, from: "startHold: 1_000", to: "startHold: 0" },
    ],
  },
  {
    name: "a speaker that is back leaves its addresses to the voice of another",
    promise: "P4",
    scenario: "a speaker restarts, and a node dies meanwhile",
    edits: [
      {
        file: ROLES,
        from: "return member.isSettled ? OWN : LISTEN;",
        to: `if (now < member.claimsFrom + 3_000) {
        lookAgain(group, member.claimsFrom + 3_000);
        return LISTEN;
      }
      return member.isSettled ? OWN : LISTEN;`,
      },
      {
        file: ROLES,
        from: "if (state !== MemberState.alive) {",
        to: "if (state !== MemberState.dead) {",
      },
    ],
  },
  {
    name: "what has no owner is claimed right after the start",
    promise: "P5",
    edits: [{ file: PROFILE, from: "startHold: 1_000", to: "startHold: 0" }],
  },
  {
    name: "who stood still goes on as if it had not",
    promise: "P5",
    edits: [
      {
        file: MEMBER,
        from: "if (heldUpMs > this.#options.profile.fenceAfter) {",
        to: "if (heldUpMs < 0) {",
      },
    ],
  },
  {
    name: "a claim does not raise the epoch",
    promise: "P5",
    edits: [
      {
        file: CLAIMANT,
        from: "const epoch = nextAfter(table.claim(group)?.epoch ?? 0);",
        to: "const epoch = table.claim(group)?.epoch ?? 1;",
      },
    ],
  },
  {
    name: "an owner does not yield to a newer claim",
    promise: "P5",
    edits: [
      {
        file: REPLICA,
        from: "if (this.table.putClaim(claim)) {",
        to: "if (this.table.claim(claim.group)?.owner !== this.#self && this.table.putClaim(claim)) {",
      },
    ],
  },
  {
    name: "nobody greets the dead",
    promise: "P5",
    edits: [
      {
        file: PULSE,
        from: "return this.#greeted.take(this.#neighbourhood.deadSubjects, DEAD_A_TURN);",
        to: "return [];",
      },
    ],
  },
  {
    name: "who was cut off is believed",
    promise: "P5",
    scenario: "a cable is pulled and plugged in again",
    edits: [
      {
        file: REPLICA,
        from: "const isBelieved = !isDead ||",
        to: "const isBelieved = isDead || !isDead ||",
      },
      {
        file: REPLICA,
        from: "for (const { node, state } of [...this.table.members]) {",
        to: "for (const { node, state } of [...this.table.members].slice(0, 0)) {",
      },
      {
        file: WATCH,
        from: "isCutOff ? undefined : this",
        to: "isCutOff && false ? undefined : this",
      },
    ],
  },
  {
    name: "only the first in order claims what nobody has",
    promise: "P6",
    edits: [
      {
        file: SUCCESSION,
        from: "const CLAIM_UP_TO_PLACE = 4;",
        to: "const CLAIM_UP_TO_PLACE = 1;",
      },
    ],
  },
  {
    name: "who is left alone of many waits for others to agree",
    promise: "P6",
    nodes: 12,
    edits: [
      {
        file: WATCH,
        from: "const isLeftAlone = voting === 1 && this",
        to: "const isLeftAlone = voting < 1 && this",
      },
    ],
  },
  {
    name: "heartbeats are twice as many",
    promise: "P7",
    edits: [{ file: PROFILE, from: "heartbeat: 100,", to: "heartbeat: 50," }],
  },
  {
    name: "one observer is enough for a verdict",
    promise: "P8",
    edits: [{ file: VIGIL, from: "return canSecond ? 2 : 1;", to: "return canSecond ? 1 : 1;" }],
  },
  {
    name: "votes count for ever",
    promise: "P8",
    scenario: "packets are lost for two minutes",
    nodes: 12,
    edits: [
      {
        file: WATCH,
        from: "const isLive = now - at < this.#profile.voteLife;",
        to: "const isLive = now >= at;",
      },
      {
        file: WATCH,
        from: "this.#heartbeats += 1;\n    this.#votes.clear();",
        to: "this.#heartbeats += 1;",
      },
    ],
  },
  {
    name: "two heartbeats that are lost are enough",
    promise: "P8",
    edits: [
      { file: PROFILE, from: "voteAfter: 325", to: "voteAfter: 180" },
      { file: PROFILE, from: "voteAloneAfter: 500", to: "voteAloneAfter: 200" },
    ],
  },
];
