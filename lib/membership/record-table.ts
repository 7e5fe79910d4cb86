import { type Claim, hashOfClaim, isNewerClaim } from "./claim.ts";
import { hashText } from "./hash.ts";
import { hashOfRecord, isNewerRecord, type MemberRecord } from "./member-record.ts";
import { BUCKETS, type Records } from "./message.ts";

const NO_GROUPS: ReadonlySet<string> = new Set();

/** More are not kept, whoever tells of them. */
const MOST_MEMBERS = 10_000;
const MOST_CLAIMS = 100_000;

/**
 * All records that one member holds. Two that hold the same have the same hashes, so that a difference is found without
 * sending the whole: only the buckets that differ are compared.
 */
export class RecordTable {
  /** A hash for each bucket. */
  readonly buckets = new Uint32Array(BUCKETS);
  readonly #members = new Map<string, MemberRecord>();
  readonly #claims = new Map<string, Claim>();
  /** Groups by owner. */
  readonly #owned = new Map<string, Set<string>>();
  #hash = 0;

  /** Of all records; 32 bits. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  member(node: string): MemberRecord | undefined {
    return this.#members.get(node);
  }

  claim(group: string): Claim | undefined {
    return this.#claims.get(group);
  }

  /** The groups that the node owns. */
  ownedBy(node: string): ReadonlySet<string> {
    return this.#owned.get(node) ?? NO_GROUPS;
  }

  get members(): Iterable<MemberRecord> {
    return this.#members.values();
  }

  get claims(): Iterable<Claim> {
    return this.#claims.values();
  }

  /** Takes a record unless what is known is as new, and returns whether it did. */
  putMember(record: MemberRecord): boolean {
    const { node } = record;
    const before = this.#members.get(node);
    const isFull = before === undefined && this.#members.size >= MOST_MEMBERS;
    if (isFull || !isNewerRecord(record, before)) {
      return false;
    }
    this.#members.set(node, record);
    this.#rehash(node, before === undefined ? 0 : hashOfRecord(before), hashOfRecord(record));
    return true;
  }

  /**
   * The same of a claim. That nobody has a group is not learned of one that is not known: those who have forgotten it
   * would learn it from those who have not yet, again and again.
   */
  putClaim(claim: Claim): boolean {
    const { group } = claim;
    const before = this.#claims.get(group);
    const isWorthless =
      before === undefined && (claim.owner === undefined || this.#claims.size >= MOST_CLAIMS);
    if (isWorthless || !isNewerClaim(claim, before)) {
      return false;
    }
    this.#claims.set(group, claim);
    this.#own(before, claim);
    this.#rehash(group, before === undefined ? 0 : hashOfClaim(before), hashOfClaim(claim));
    return true;
  }

  /** Forgets a member, which is dead. */
  forgetMember(node: string): void {
    const before = this.#members.get(node);
    if (before !== undefined) {
      this.#members.delete(node);
      this.#rehash(node, hashOfRecord(before), 0);
    }
  }

  /** Forgets what is known of a group, which nobody has any more. */
  forgetClaim(group: string): void {
    const before = this.#claims.get(group);
    if (before !== undefined) {
      this.#own(before, undefined);
      this.#claims.delete(group);
      this.#rehash(group, hashOfClaim(before), 0);
    }
  }

  /** All records in the buckets that differ. */
  differing(buckets: Uint32Array): Omit<Records, "kind"> {
    const differs = this.buckets.map((hash, at) => (hash === buckets[at] ? 0 : 1));
    const isIn = (key: string) => differs[hashText(key) % BUCKETS] === 1;
    return {
      members: this.#members
        .values()
        .filter(({ node }) => isIn(node))
        .toArray(),
      claims: this.#claims
        .values()
        .filter(({ group }) => isIn(group))
        .toArray(),
    };
  }

  #own(before: Claim | undefined, now: Claim | undefined): void {
    if (before?.owner !== undefined) {
      const groups = this.#owned.get(before.owner);
      groups?.delete(before.group);
      if (groups?.size === 0) {
        this.#owned.delete(before.owner);
      }
    }
    if (now?.owner !== undefined) {
      const groups = this.#owned.get(now.owner);
      if (groups === undefined) {
        this.#owned.set(now.owner, new Set([now.group]));
      } else {
        groups.add(now.group);
      }
    }
  }

  #rehash(key: string, before: number, after: number): void {
    const bucket = hashText(key) % BUCKETS;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) ^ before ^ after;
    this.#hash ^= before ^ after;
  }
}
