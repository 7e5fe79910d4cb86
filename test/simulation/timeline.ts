import { hashNumber, hashText } from "#lib/membership/hash.ts";

/** What is kept of a timeline beside its hash; undefined: of all groups. */
export interface Telling {
  readonly group: string | undefined;
}

/** What happened, for people, and a hash of it, for the same seed must give the same again. */
export class Timeline {
  readonly #lines: string[] = [];
  readonly #telling: Telling | undefined;
  #hash = 0;

  /** @param telling undefined: nothing is kept but the hash */
  constructor(telling: Telling | undefined) {
    this.#telling = telling;
  }

  /** @param group to which it belongs alone */
  tell(at: number, who: string, what: string, group?: string): void {
    this.#hash = hashText(what, hashText(who, hashNumber(Math.round(at * 1_000), this.#hash)));
    if (this.#telling !== undefined && this.#isAskedFor(group)) {
      const time = (at / 1_000).toFixed(3).padStart(9);
      const about = group === undefined ? "" : `${group}: `;
      this.#lines.push(`${time}  ${who.padEnd(6)} ${about}${what}`);
    }
  }

  get text(): string {
    return this.#lines.join("\n");
  }

  /** 32 bits. */
  get hash(): number {
    return this.#hash;
  }

  #isAskedFor(group: string | undefined): boolean {
    const asked = this.#telling?.group;
    return asked === undefined || group === undefined || asked === group;
  }
}
