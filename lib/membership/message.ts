/** What members say to each other. Whoever hands a message in has made sure of its sender and of its freshness. */

import type { Claim } from "./claim.ts";
import type { MemberRecord } from "./member-record.ts";

/** Of the digest; each holds the records whose keys hash to it. */
export const BUCKETS = 64;

/** A sign of life, to those who watch over the sender, and now and then to those that it holds dead. */
export interface Heartbeat {
  readonly kind: "heartbeat";
  /** Of the sender; 32 bits. */
  readonly incarnation: number;
  /** The sender hears nobody. */
  readonly isDeaf: boolean;
  /** The sender has heard the receiver lately; says something only to whom the receiver sends heartbeats. */
  readonly hearsYou: boolean;
  /** Of all records that the sender holds; 32 bits. */
  readonly hash: number;
}

export const Finding = { speakerDown: 1, down: 2 } as const;
/** What an observer found out about a silent member: its kernel still answers, or nothing does. */
export type Finding = (typeof Finding)[keyof typeof Finding];

/** An observer holds a member for down, to the other observers; counts for a short while only. */
export interface Vote {
  readonly kind: "vote";
  readonly subject: string;
  /** Of the subject. */
  readonly incarnation: number;
  readonly finding: Finding;
}

/** Objects to a vote: the sender hears the subject. */
export interface Heard {
  readonly kind: "heard";
  readonly subject: string;
  readonly incarnation: number;
}

/** Records that are news to the receiver, as far as the sender knows. */
export interface Records {
  readonly kind: "records";
  readonly members: readonly MemberRecord[];
  readonly claims: readonly Claim[];
}

/** What the sender holds, to be compared; answered by the records in those buckets that differ. */
export interface Digest {
  readonly kind: "digest";
  /** `BUCKETS` hashes of 32 bits. */
  readonly buckets: Uint32Array;
  /** A digest that answers one is not answered by another. */
  readonly isAnswer: boolean;
}

/** Asks the receiver to take addresses over: each claim names it as the owner. */
export interface Offer {
  readonly kind: "offer";
  readonly claims: readonly Claim[];
}

/** Declines an offer. */
export interface Refusal {
  readonly kind: "refusal";
  /** Of the claims that were offered. */
  readonly groups: readonly string[];
}

export type Message = Heartbeat | Vote | Heard | Records | Digest | Offer | Refusal;
