import { type Claim, isNewerClaim } from "./claim.ts";
import { type MemberRecord, MemberState } from "./member-record.ts";
import type { Digest, Message, Records } from "./message.ts";
import { RecordTable } from "./record-table.ts";
import { Spreading } from "./spreading.ts";

/** What is said only once is said so often, for nobody repeats it when it is lost. */
const GOODBYES = 3;

/** Rounds of spreading that lie so far apart are told to others each. */
const GOODBYE_EVERY_MS = 50;

/** Told of what comes of an exchange. */
export interface ReplicaOutside {
  send(to: string, message: Message): void;
  /** Whether the node is in the list of nodes, or was. */
  isMember(node: string): boolean;
  /** Of another node, something newer than `before` is known. */
  learned(record: MemberRecord, before: MemberRecord | undefined, news: News): void;
  learnedOfSelf(record: MemberRecord, from: string, now: number): void;
  /** All that came at once was taken. */
  learnedAll(now: number): void;
  /** Another claim of the group is known than before. */
  claimLearned(group: string): void;
  /** Somebody told that it has the group itself, and somebody else has it. */
  rivalHeard(group: string): void;
  /** Somebody answered the question what it knows. */
  compared(from: string, isSame: boolean): void;
}

/** How something came to be known. */
export interface News {
  /** A sentence. */
  readonly because: string;
  readonly now: number;
  readonly silentMs?: number;
}

/**
 * The records as this node holds them, kept the same on all: what is news is told to a few others at once, and two whose
 * heartbeats show a difference compare what they hold.
 */
export class Replica {
  readonly table = new RecordTable();
  readonly #self: string;
  readonly #outside: ReplicaOutside;
  readonly #spreading: Spreading;

  /** @param random 0 to below 1 */
  constructor(self: string, random: () => number, outside: ReplicaOutside) {
    this.#self = self;
    this.#outside = outside;
    this.#spreading = new Spreading(this.table, random);
  }

  get nextDeadline(): number | undefined {
    return this.#spreading.nextDeadline;
  }

  /** @param others names of all who can be told */
  spread(now: number, others: () => readonly string[]): void {
    if (now >= (this.#spreading.nextDeadline ?? Number.POSITIVE_INFINITY)) {
      for (const { message, to } of this.#spreading.tick(now, others())) {
        this.#outside.send(to, message);
      }
    }
  }

  /** Tells the last record of this node. All of it leaves at once, for nothing will be said afterwards. */
  sayGoodbye(observers: Iterable<string>, living: readonly string[], now: number): void {
    for (let count = 0; count < GOODBYES; count++) {
      for (const to of observers) {
        this.tell(to, [this.#self], []);
      }
      this.spread(now + count * GOODBYE_EVERY_MS, () => living);
    }
  }

  /** Takes what was known in an earlier life, and returns this node's incarnation then. */
  remember({ claims, members }: Omit<Records, "kind">): number | undefined {
    for (const claim of claims) {
      this.table.putClaim(claim);
    }
    for (const record of members.filter(({ node }) => node !== this.#self)) {
      this.table.putMember(record);
    }
    return members.find(({ node }) => node === this.#self)?.incarnation;
  }

  /** Takes a record, and has it spread if it is news. */
  put(record: MemberRecord, news: News): void {
    this.#put(record, news);
    this.#outside.learnedAll(news.now);
  }

  #put(record: MemberRecord, news: News): void {
    const before = this.table.member(record.node);
    if (this.table.putMember(record)) {
      this.#spreading.member(record.node);
      this.#outside.learned(record, before, news);
    }
  }

  /** Has a claim spread that this node put into the table, to the `first` at once. */
  claimed(group: string, first: Iterable<string>): void {
    this.#spreading.claim(group);
    for (const to of first) {
      this.tell(to, [], [group]);
    }
  }

  /**
   * Another holds this node for dead. So it was cut off, and whom it holds for dead may live: it forgets what it holds of
   * them, and asks. Those who live have not changed their lives, and would not be believed otherwise.
   */
  doubt(accuser: string): void {
    for (const { node, state } of [...this.table.members]) {
      if (state === MemberState.dead) {
        this.table.forgetMember(node);
      }
    }
    this.ask(accuser);
  }

  learn({ claims, members }: Records, from: string, now: number): void {
    const isDead = this.table.member(from)?.state === MemberState.dead;
    for (const record of members) {
      // who was cut off holds all others for dead
      const isBelieved = !isDead || record.node === from || record.state !== MemberState.dead;
      if (record.node === this.#self) {
        this.#outside.learnedOfSelf(record, from, now);
      } else if (isBelieved && this.#isWorthKnowing(record)) {
        this.#put(record, { because: `${sentenceOn(record)}, says ${from}`, now });
      }
    }
    this.#outside.learnedAll(now);
    this.#learnClaims(claims, from);
  }

  #learnClaims(claims: readonly Claim[], from: string): void {
    const outdated: string[] = [];
    for (const claim of claims) {
      const before = this.table.claim(claim.group);
      if (this.table.putClaim(claim)) {
        this.#admit(before, claim);
        this.#spreading.claim(claim.group);
        this.#outside.claimLearned(claim.group);
      } else if (this.#knowsNewer(claim)) {
        outdated.push(claim.group);
        if (claim.owner === from) {
          this.#outside.rivalHeard(claim.group);
        }
      }
    }
    if (outdated.length > 0) {
      this.tell(from, [], outdated);
    }
  }

  /** Tells the new owner that this node was one too: it may have been for long, on the other side of a partition. */
  #admit(before: Claim | undefined, { owner }: Claim): void {
    if (before?.owner === this.#self && owner !== undefined && this.#outside.isMember(owner)) {
      this.#outside.send(owner, { kind: "records", members: [], claims: [before] });
    }
  }

  /** Of one that has left the cluster nobody need know that it is dead; those who have forgotten it would learn it anew. */
  #isWorthKnowing({ node, state }: MemberRecord): boolean {
    const isKnown = this.table.member(node) !== undefined || this.#outside.isMember(node);
    return isKnown || state !== MemberState.dead;
  }

  #knowsNewer(claim: Claim): boolean {
    const known = this.table.claim(claim.group);
    return known !== undefined && isNewerClaim(known, claim);
  }

  /** Answers a digest by what differs, and by a digest unless it is an answer itself. */
  compare(from: string, { buckets, isAnswer }: Digest): void {
    const isSame = buckets.every((hash, at) => hash === this.table.buckets[at]);
    if (!isSame) {
      this.#outside.send(from, this.#differing(buckets, from));
    }
    if (isAnswer) {
      this.#outside.compared(from, isSame);
    } else {
      this.#sendDigest(from, true);
    }
  }

  /** Asks what the other knows that this node does not, and tells the other way round. */
  ask(to: string): void {
    this.#sendDigest(to, false);
  }

  tell(to: string, nodes: readonly string[], groups: readonly string[]): void {
    this.#outside.send(to, {
      kind: "records",
      members: nodes.flatMap((node) => this.table.member(node) ?? []),
      claims: groups.flatMap((group) => this.table.claim(group) ?? []),
    });
  }

  #sendDigest(to: string, isAnswer: boolean): void {
    this.#outside.send(to, { kind: "digest", buckets: this.table.buckets.slice(), isAnswer });
  }

  /** What concerns the receiver comes first, for it may wait for that. */
  #differing(buckets: Uint32Array, to: string): Records {
    const { claims, members } = this.table.differing(buckets);
    const rank = (isAboutIt: boolean) => (isAboutIt ? 0 : 1);
    return {
      kind: "records",
      members: members.toSorted((a, b) => rank(a.node === to) - rank(b.node === to)),
      claims: claims.toSorted((a, b) => rank(a.owner === to) - rank(b.owner === to)),
    };
  }
}

function sentenceOn({ node, state }: MemberRecord): string {
  switch (state) {
    case MemberState.alive:
      return `${node} is alive`;
    case MemberState.restarting:
      return `the speaker on ${node} restarts`;
    case MemberState.speakerDown:
      return `the speaker on ${node} is down`;
    case MemberState.dead:
      return `${node} is dead`;
  }
}
