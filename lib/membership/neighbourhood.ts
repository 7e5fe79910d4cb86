import type { Profile } from "./profile.ts";
import { Ring } from "./ring.ts";

/** Who this node observes and who observes it, as it sees the ring. */
export class Neighbourhood {
  readonly #self: string;
  readonly #profile: Profile;
  readonly #isDead: (node: string) => boolean;
  #listed: ReadonlySet<string>;
  /** Those who left the list. They stay in the ring until they are dead and forgotten, and so hear what is decided. */
  readonly #left = new Set<string>();
  #ring: Ring;
  #observers: readonly string[] = [];
  #subjects: readonly string[] = [];
  #others: readonly string[] = [];
  #living: readonly string[] | undefined;
  #isOutdated = false;
  /** Those who observed this node until lately, and until when they are still told. */
  readonly #former = new Map<string, number>();

  /** @param isDead also of those of whom nobody has heard yet */
  constructor(self: string, profile: Profile, isDead: (node: string) => boolean) {
    this.#self = self;
    this.#profile = profile;
    this.#isDead = isDead;
    this.#listed = new Set([self]);
    this.#ring = new Ring(this.#listed);
  }

  /** Names of all nodes. */
  get listed(): ReadonlySet<string> {
    return this.#listed;
  }

  /** Whether the node left the list while this one ran: it may still live, and not know. */
  isFormer(node: string): boolean {
    return this.#left.has(node);
  }

  /** Names of those who left the list. */
  get former(): ReadonlySet<string> {
    return this.#left;
  }

  /** Whether this node listens to the other. */
  isMember(node: string): boolean {
    return this.#listed.has(node) || this.#left.has(node);
  }

  /** All others, the nearest first. */
  get others(): readonly string[] {
    return this.#others;
  }

  /** Whom this node observes, and the dead among them: those whom it would observe. */
  get subjects(): readonly string[] {
    return this.#subjects;
  }

  get deadSubjects(): readonly string[] {
    return this.#subjects.filter(this.#isDead);
  }

  /** Those who can be told something. */
  get living(): readonly string[] {
    this.#living ??= this.others.filter((node) => !this.#isDead(node));
    return this.#living;
  }

  /** @param names of all nodes, with or without this one */
  setNodes(names: Iterable<string>, now: number): void {
    const before = this.#listed;
    this.#listed = new Set([...names, this.#self]);
    for (const node of before) {
      this.#left.add(node);
    }
    for (const node of this.#listed) {
      this.#left.delete(node);
    }
    this.#formRing(now);
  }

  /** Ends the memory of a former member. */
  forget(node: string, now: number): void {
    if (this.#left.delete(node)) {
      this.#formRing(now);
    }
  }

  /** To be called when somebody died or came to life, and `lookAround` when all of them are known. */
  outdate(): void {
    this.#isOutdated = true;
    this.#living = undefined;
  }

  lookAround(now: number): void {
    if (!this.#isOutdated) {
      return;
    }
    this.#isOutdated = false;
    for (const former of this.#observers) {
      this.#former.set(former, now + this.#profile.keepObservers);
    }
    this.#observers = this.observersOf(this.#self);
    this.#subjects = this.#ring.subjectsOf(this.#self, this.#isDead);
  }

  observersOf(node: string): readonly string[] {
    return this.#ring.observersOf(node, this.#isDead);
  }

  isObserver(node: string): boolean {
    return this.#observers.includes(node);
  }

  /** Who observes this node, and who did until lately: others learn of a change of the ring later. */
  observers(now: number): ReadonlySet<string> {
    const all = new Set(this.#observers);
    for (const [node, until] of this.#former) {
      if (now >= until) {
        this.#former.delete(node);
      } else if (this.isMember(node) && !this.#isDead(node)) {
        all.add(node);
      }
    }
    return all;
  }

  #formRing(now: number): void {
    this.#ring = new Ring([...this.#listed, ...this.#left]);
    this.#others = this.#ring.after(this.#self);
    this.outdate();
    this.lookAround(now);
  }
}
