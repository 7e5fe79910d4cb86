/**
 * Who watches over whom: the members stand in a ring, in the order of a hash of their names, and each is observed by the
 * next few that are not dead. So each observes as many as observe it, however many there are.
 */

import { hashText } from "./hash.ts";

/** How many observers a member has, where there are as many. */
export const OBSERVERS = 4;

export class Ring {
  readonly #names: readonly string[];
  readonly #places = new Map<string, number>();

  constructor(names: Iterable<string>) {
    this.#names = [...new Set(names)]
      .map((name) => ({ name, hash: hashText(name) }))
      .sort((a, b) => a.hash - b.hash || (a.name < b.name ? -1 : 1))
      .map(({ name }) => name);
    for (const [place, name] of this.#names.entries()) {
      this.#places.set(name, place);
    }
  }

  /** All others, those next to the member first. */
  after(name: string): readonly string[] {
    return [...this.#from(name, 1)];
  }

  /** Those who observe the member: the next ones that are not dead. */
  observersOf(name: string, isDead: (name: string) => boolean): readonly string[] {
    const observers: string[] = [];
    for (const next of this.#from(name, 1)) {
      if (observers.length === OBSERVERS) {
        break;
      }
      if (!isDead(next)) {
        observers.push(next);
      }
    }
    return observers;
  }

  /** Those whom the member observes, and the dead among them: those whom it would observe. */
  subjectsOf(name: string, isDead: (name: string) => boolean): readonly string[] {
    const subjects: string[] = [];
    let living = 0;
    for (const before of this.#from(name, -1)) {
      if (living === OBSERVERS) {
        break;
      }
      subjects.push(before);
      living += isDead(before) ? 0 : 1;
    }
    return subjects;
  }

  /** All others, the nearest first. */
  *#from(name: string, step: 1 | -1): Generator<string, undefined> {
    const count = this.#names.length;
    const start = this.#places.get(name);
    if (start === undefined) {
      return;
    }
    for (let distance = 1; distance < count; distance++) {
      yield this.#names[(start + step * distance + count) % count] ?? "";
    }
  }
}
