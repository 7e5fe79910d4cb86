import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { FieldError } from "./field-error.ts";
import type { Problem } from "./problem.ts";

/** Reads one object of the configuration to its end, so that all that is wrong with it is told at once. */
export class ObjectReader {
  readonly problems: Problem[] = [];
  readonly #kind: Problem["kind"];
  readonly #name: string;

  constructor(kind: Problem["kind"], name: string) {
    this.#kind = kind;
    this.#name = name;
  }

  /** What `read` makes of the field; when it throws a FieldError or MalformedError that is told, and `instead` stands in. */
  read<T>(field: string, read: (field: string) => T, instead: T): T {
    try {
      return read(field);
    } catch (error) {
      if (error instanceof FieldError) {
        this.add(error);
      } else if (error instanceof MalformedError) {
        this.add(new FieldError(field, error.why));
      } else {
        throw error;
      }
      return instead;
    }
  }

  add(error: FieldError): void {
    const kind = this.#kind;
    const called = kind === "IPAddressPool" ? "pool" : kind;
    this.problems.push({
      kind,
      name: this.#name,
      field: error.field,
      message: `Cannot read ${called} "${this.#name}": ${error.message}`,
    });
  }
}
