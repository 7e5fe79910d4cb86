/** What is wrong with one object of the configuration, told to the person who wrote it. */
export interface Problem {
  readonly kind: "IPAddressPool" | "L2Advertisement";
  readonly name: string;
  /** The path of the field, such as `spec.addresses[1]`. */
  readonly field: string;
  /** A sentence that names the object and the field, says what is wrong, then the mend. */
  readonly message: string;
}

export type Parsed<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "problems"; readonly problems: readonly Problem[] };
