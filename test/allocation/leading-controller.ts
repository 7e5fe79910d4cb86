/** A controller that leads in this process, as often as a test wants. */

import { lead } from "#controller/controller.ts";
import { ControllerMetrics } from "#controller/metrics.ts";
import { type ControllerOptions, controllerCommand } from "#controller/options.ts";
import { KubeClient } from "#lib/kube/client.ts";
import type { Credentials } from "#lib/kube/credentials.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";

/** What is said by parts that met what they cannot explain, and by those whom the API server refuses something. */
const STUMBLES = /^work threw|^work failed|keeps failing|cannot be written/;

interface Term {
  readonly client: KubeClient;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

export class LeadingController {
  /** Of all its terms. */
  readonly log = new RecordingLog();
  readonly #credentials: Credentials;
  #term: Term | undefined;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** Begins to lead, with the flags of the controller's command line. */
  async lead(flags: readonly string[]): Promise<void> {
    const { log } = this;
    const credentials = this.#credentials;
    const options = await optionsFrom(flags);
    const client = new KubeClient({ credentials, userAgent: "herald-controller", log });
    const metrics = new ControllerMetrics();
    const stop = new AbortController();
    const done = lead({ options, client, owners: [], metrics, log }, stop.signal);
    // What it fails with is thrown when it resigns.
    done.catch(() => undefined);
    this.#term = { client, stop, done };
  }

  /** Ends the lead, if it leads. */
  async resign(): Promise<void> {
    const term = this.#term;
    this.#term = undefined;
    term?.stop.abort();
    await term?.done;
    term?.client[Symbol.dispose]();
  }

  /** The lines of its log that should not be there. */
  get stumbles(): readonly object[] {
    return this.log.lines.filter(({ message }) => STUMBLES.test(message));
  }
}

async function optionsFrom(flags: readonly string[]): Promise<ControllerOptions> {
  const { promise, resolve } = Promise.withResolvers<ControllerOptions>();
  await controllerCommand(async (options) => resolve(options)).parseAsync(flags, { from: "user" });
  return promise;
}
