/** Bytes or text from outside that break the rules of their format. The message names the field that is wrong. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
  /** The sentence without what was read, for those who name it in words of their own. */
  readonly why: string;

  constructor(what: string, why: string) {
    super(`Cannot read ${what}: ${why}`);
    this.why = why;
  }
}
