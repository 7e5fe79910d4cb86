import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import { MemberCounts } from "./member-counts.ts";
import { MemberLog, type MemberLogOptions, stateName } from "./member-log.ts";
import type { MembersView, NetworkCounts } from "./messages.ts";

/** Whoever asks is not to keep this thread from its work: ten thousand groups take it some milliseconds. */
const MOST_MEMBERS = 1_000;
const MOST_GROUPS = 10_000;

/** A speaker that crashed is back by then, as a rule; what is still silent may be behind a firewall. */
const UNHEARD_AFTER_MS = 5_000;

type MemberView = MembersView["members"][number];

/** What one node says of the members, itself among them: to the log, to who counts, and to who asks. */
export class MemberReport {
  readonly log: MemberLog;
  readonly counts: MemberCounts;
  readonly #member: Member;
  readonly #options: MemberLogOptions;

  constructor(member: Member, options: MemberLogOptions) {
    this.#member = member;
    this.#options = options;
    this.log = new MemberLog(options);
    this.counts = new MemberCounts(options.nodeName);
  }

  /** Looks whether the log is to be told of somebody; to be called every second at least, and not for every packet. */
  tick(): void {
    for (const node of this.#member.watched) {
      const isDown = this.#member.stateOf(node) === MemberState.speakerDown;
      if (isDown && (this.log.stateAge(node) ?? 0) >= UNHEARD_AFTER_MS) {
        this.log.unheard(node);
      }
    }
  }

  get counted(): NetworkCounts["membership"] {
    const states: Record<string, number> = {};
    for (const name of this.#member.listed) {
      const state = stateName(this.#member.stateOf(name));
      states[state] = (states[state] ?? 0) + 1;
    }
    return { ...this.counts.all, states, suspicions: this.#member.seen.suspicions };
  }

  get view(): MembersView {
    const { beatsAt, isSettled, listed, watched, watchers } = this.#member;
    const names = [...listed].sort();
    const { leftOut, owned } = this.#owned();
    const because = this.log.settledBecause;
    const standing = isSettled ? "settled" : "asking";
    return {
      node: this.#options.nodeName,
      standing: beatsAt === Number.POSITIVE_INFINITY ? "waiting" : standing,
      ...(because !== undefined && { because }),
      watches: [...watched],
      watchedBy: [...watchers],
      members: names.slice(0, MOST_MEMBERS).map((name) => this.#viewOf(name)),
      owned,
      leftOut: { members: Math.max(0, names.length - MOST_MEMBERS), groups: leftOut },
    };
  }

  #viewOf(name: string): MemberView {
    const { clock, nodeName } = this.#options;
    const record = this.#member.table.member(name);
    const forMs = this.log.stateAge(name);
    const heardMsAgo = name === nodeName ? undefined : this.#member.seen.silenceOf(name, clock());
    return {
      name,
      state: stateName(record?.state),
      ...(forMs !== undefined && { forMs }),
      ...(heardMsAgo !== undefined && { heardMsAgo, hearsThis: !this.log.isUnhearing(name) }),
      isDraining: record?.info.isDraining === true,
      macs: [...(record?.info.macs ?? [])],
    };
  }

  #owned(): { readonly owned: MembersView["owned"]; readonly leftOut: number } {
    const owned = new Map<string, [group: string, epoch: number][]>();
    let groups = 0;
    for (const { epoch, group, owner } of this.#member.table.claims) {
      if (owner === undefined) {
        continue;
      }
      groups += 1;
      if (groups <= MOST_GROUPS) {
        const epochs = owned.get(owner) ?? [];
        epochs.push([group, epoch]);
        owned.set(owner, epochs);
      }
    }
    // not written into an object one by one: a node may be called "constructor", which every object has already
    const byOwner = owned
      .entries()
      .map(([owner, epochs]) => [owner, Object.fromEntries(epochs)] as const);
    return { owned: Object.fromEntries(byOwner), leftOut: Math.max(0, groups - MOST_GROUPS) };
  }
}
