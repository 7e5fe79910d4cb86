/** Bytes or text from outside that break the rules of their format. The message names the field that is wrong. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";

  constructor(what: string, why: string) {
    super(`Cannot read ${what}: ${why}`);
  }
}
