import { Asking } from "./asking.ts";
import type { Profile } from "./profile.ts";

export interface SettlingOutside {
  /** Compare with the node what both know. */
  ask(node: string): void;
  /** @param because a sentence */
  changed(isSettled: boolean, because: string): void;
}

/** Whether a member knows enough to answer for what it owns, and how it comes to know it. */
export class Settling {
  readonly #profile: Profile;
  readonly #outside: SettlingOutside;
  #asking: Asking | undefined;
  #isSettled = false;

  constructor(profile: Profile, outside: SettlingOutside) {
    this.#profile = profile;
    this.#outside = outside;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Infinity: it is settled, or has not begun. */
  get nextDeadline(): number {
    return this.#asking?.nextDeadline ?? Number.POSITIVE_INFINITY;
  }

  /** Begins to ask, for the others may know what this node has missed. */
  begin(now: number, because: string): void {
    this.#asking = new Asking(this.#profile, now);
    if (this.#isSettled) {
      this.#isSettled = false;
      this.#outside.changed(false, because);
    }
  }

  /** @param isSame the other knows nothing else */
  answered(from: string, isSame: boolean): void {
    if (isSame) {
      this.#end(`${from} confirms what it knows`);
    } else {
      this.#asking?.answered();
    }
  }

  /** @param others names of those who can be asked */
  tick(now: number, others: () => readonly string[]): void {
    if (this.#asking === undefined) {
      return;
    }
    const names = others();
    if (names.length === 0) {
      this.#end("it is the only node");
    } else if (this.#asking.isOver(now)) {
      this.#end("nobody has more to tell");
    } else {
      for (const name of this.#asking.takeTurn(now, names)) {
        this.#outside.ask(name);
      }
    }
  }

  #end(because: string): void {
    if (this.#asking !== undefined) {
      this.#asking = undefined;
      this.#isSettled = true;
      this.#outside.changed(true, because);
    }
  }
}
