/** What has to be known before something begins. */
export class Prerequisites<Name extends string> {
  readonly #missing: Set<Name>;
  readonly #begin: () => void;

  /** @param begin called once, when all are known */
  constructor(names: readonly Name[], begin: () => void) {
    this.#missing = new Set(names);
    this.#begin = begin;
  }

  get areMet(): boolean {
    return this.#missing.size === 0;
  }

  lacks(name: Name): boolean {
    return this.#missing.has(name);
  }

  /** This one is known; said again, it changes nothing. */
  met(name: Name): void {
    if (this.#missing.delete(name) && this.areMet) {
      this.#begin();
    }
  }
}
