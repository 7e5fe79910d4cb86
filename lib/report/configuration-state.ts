/**
 * Says in a ConfigurationState whether this process could read the configuration, as MetalLB does: one object a process,
 * `controller` or `speaker-<node>`, made again when somebody deletes it.
 */

import type { Problem } from "#lib/api/problem.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import { WorkQueue } from "#lib/kube/work-queue.ts";
import type { Log } from "#lib/log/log.ts";

const API_VERSION = "metallb.io/v1beta1";

/** Between two writes: what is stored may never be what was written, as where a definition of another version drops a field. */
const PACE_MS = 1000;

/** Who reports: the names are those that MetalLB's tests and users look for. */
export interface Reporter {
  readonly name: string;
  readonly conditionType: "poolReconcilerValid" | "configReconcilerValid";
  readonly fieldManager: "poolReconciler" | "configReconciler";
  readonly labels: Readonly<Record<string, string>>;
}

export interface OwnerReference {
  readonly apiVersion: "v1";
  readonly kind: "Pod";
  readonly name: string;
  readonly uid: string;
}

/** The Pod this runs in, as owner of what it writes, so that both go together; nothing when it is not told which. */
export function ownPod(name: string | undefined, uid: string | undefined): OwnerReference[] {
  return name === undefined || uid === undefined
    ? []
    : [{ apiVersion: "v1", kind: "Pod", name, uid }];
}

export function controllerReporter(): Reporter {
  return {
    name: "controller",
    conditionType: "poolReconcilerValid",
    fieldManager: "poolReconciler",
    labels: { "metallb.io/component-type": "controller" },
  };
}

export function speakerReporter(node: string): Reporter {
  return {
    name: `speaker-${node}`,
    conditionType: "configReconcilerValid",
    fieldManager: "configReconciler",
    labels: { "metallb.io/component-type": "speaker", "metallb.io/node-name": node },
  };
}

export interface ConfigurationStateOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly reporter: Reporter;
  readonly owners: readonly OwnerReference[];
  readonly log: Log;
  readonly clock?: Clock;
}

/** What stands in the cluster now. */
interface Stored {
  readonly summary: string;
  readonly result: string;
  /** RFC 3339; of the condition. */
  readonly since: string | undefined;
}

interface RawState {
  readonly metadata: object;
  readonly status?: {
    readonly result?: string;
    readonly errorSummary?: string;
    readonly conditions?: readonly { readonly lastTransitionTime?: string }[];
  };
}

export class ConfigurationStateWriter {
  readonly #options: ConfigurationStateOptions;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #own: Reflector<RawState, Stored>;
  readonly #queue: WorkQueue<"state">;
  #problems: readonly Problem[] | undefined;

  constructor(options: ConfigurationStateOptions) {
    const { client, log, namespace, reporter } = options;
    const collection = `/apis/${API_VERSION}/namespaces/${namespace}/configurationstates`;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#path = `${collection}/${reporter.name}`;
    this.#queue = new WorkQueue({ log, name: "configuration state" });
    this.#own = new Reflector(client, {
      path: collection,
      fieldSelector: `metadata.name=${reporter.name}`,
      project: ({ status }) => ({
        summary: status?.errorSummary ?? "",
        result: status?.result ?? "Unknown",
        since: status?.conditions?.[0]?.lastTransitionTime,
      }),
      log,
    });
    const again = () => this.#queue.add("state");
    this.#own.on({ deleted: again, updated: again, synced: again });
  }

  /** Tells what was wrong with the configuration that was read last; nothing when it was good. */
  report(problems: readonly Problem[]): void {
    this.#problems = problems;
    this.#queue.add("state");
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#own.run(signal),
      this.#queue.run(signal, async (_, within) => {
        if (await this.#write(within)) {
          await this.#clock.delay(PACE_MS, within);
        }
      }),
    ]);
  }

  /** @returns whether there was something to write */
  async #write(signal: AbortSignal): Promise<boolean> {
    if (this.#problems === undefined || !this.#own.hasSynced) {
      return false;
    }
    const { client, namespace, owners, reporter } = this.#options;
    const stored = this.#own.get(`${namespace}/${reporter.name}`);
    const summary = this.#problems
      .map(({ message }) => `configuration error: ${message}`)
      .join("\n");
    const valid = this.#problems.length === 0;
    const result = valid ? "Valid" : "Invalid";
    if (stored?.result === result && stored.summary === summary) {
      return false;
    }
    const { fieldManager } = reporter;
    const identity = { apiVersion: API_VERSION, kind: "ConfigurationState" };
    const metadata = { name: reporter.name, namespace };
    const apply = (path: string, object: object) =>
      client.apply(path, object, { fieldManager, signal });
    if (stored === undefined) {
      const made = { ...metadata, labels: reporter.labels, ownerReferences: owners };
      await apply(this.#path, { ...identity, metadata: made });
    }
    const since = stored?.result === result ? stored.since : undefined;
    const condition = {
      type: reporter.conditionType,
      status: valid ? "True" : "False",
      reason: valid ? "Reconciled" : "ConfigurationError",
      // The bound of metav1.Condition.
      message: summary.slice(0, 32_768),
      lastTransitionTime: since ?? new Date().toISOString(),
    };
    const status = { result, errorSummary: summary, conditions: [condition] };
    await apply(`${this.#path}/status`, { ...identity, metadata, status });
    return true;
  }
}
