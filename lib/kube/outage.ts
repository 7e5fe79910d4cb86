import type { Log, LogFields } from "#lib/log/log.ts";
import type { Clock } from "./clock.ts";
import type { KubeError } from "./kube-error.ts";

/** The mends of refusals that do not go away by themselves. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  [/ with 401: /, "give it a token of this cluster that has not expired"],
  [
    / with 403: .*forbidden/s,
    "grant this verb and resource to the ServiceAccount by a ClusterRole",
  ],
  [/field label not supported/, "this API server is too old for the field selector: upgrade it"],
  [/could not find the requested resource/, "install the CustomResourceDefinition"],
];

/** Logs a failure that lasts once, and once that it is over; a single failed attempt is ordinary. */
export class Outage {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #what: string;
  readonly #fields: LogFields;
  #attempts = 0;
  #sinceMs = 0;
  #told: string | undefined;

  /** @param what fails, such as "watch" */
  constructor(log: Log, clock: Clock, what: string, fields: LogFields) {
    this.#log = log;
    this.#clock = clock;
    this.#what = what;
    this.#fields = fields;
  }

  /** @param details of this attempt, for its line in the log */
  failed(error: KubeError, details: LogFields = {}): void {
    if (this.#attempts === 0) {
      this.#sinceMs = this.#clock.now();
    }
    this.#attempts += 1;
    const fields = { ...this.#fields, ...details, reason: error.reason, error: sentence(error) };
    const nature = error.temporary ? "temporary" : error.reason;
    if (this.#attempts === 1 || nature === this.#told) {
      this.#log.debug(`${this.#what} failed`, fields);
    } else {
      this.#told = nature;
      this.#log.warn(`${this.#what} keeps failing`, fields);
    }
  }

  over(): void {
    if (this.#told !== undefined) {
      const afterMs = Math.round(this.#clock.now() - this.#sinceMs);
      const fields = { ...this.#fields, attempts: this.#attempts, afterMs };
      this.#log.info(`${this.#what} works again`, fields);
    }
    this.#attempts = 0;
    this.#told = undefined;
  }
}

function sentence({ message }: KubeError): string {
  const mend = MENDS.find(([pattern]) => pattern.test(message))?.[1];
  return mend === undefined ? message : `${message}: ${mend}`;
}
