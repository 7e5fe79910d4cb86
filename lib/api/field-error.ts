/** One field of a configuration object that cannot be used: where it stands, what is wrong and how to mend it. */
export class FieldError extends Error {
  override readonly name = "FieldError";
  /** The path of the field, such as `spec.addresses[1]`. */
  readonly field: string;

  /** @param why the fact, then the mend */
  constructor(field: string, why: string) {
    super(`${field}: ${why}`);
    this.field = field;
  }
}
