/** A history as a person can replay it: manifests for `kubectl apply`, and comments for what else happens. */

import { stringify } from "yaml";
import {
  edited,
  type History,
  type PoolSet,
  type ServiceFields,
  type Step,
  type Trap,
} from "./history.ts";
import { POOL_NAMESPACE, poolManifest, serviceManifest } from "./manifests.ts";

const TRAPS: Readonly<Record<Trap, string>> = {
  "it is not answered and not done": "the API server fails the next write of a status",
  "it is done and its answer is lost":
    "the API server does the next write of a status, and its answer is lost",
  "the controller dies before it": "kill the controller just before its next write of a status",
  "the controller dies after it":
    "kill the controller after its next write of a status, before the answer",
  "the controller dies and it arrives later":
    "kill the controller at its next write of a status, which arrives when another leads",
};

/** One document for each object that is applied; what a step does beside that is said in comments. */
export function historyYaml({ steps }: History): string {
  const writer = new Writer();
  return steps.map((step, index) => writer.write(step, index + 1)).join("");
}

class Writer {
  #pools: PoolSet = new Map();
  readonly #services = new Map<string, ServiceFields>();

  write(step: Step, number: number): string {
    const [comments, objects] = this.#tell(step);
    const lines = comments.map((comment) => `# ${comment}\n`).join("");
    const documents = objects.map((object) => `---\n${stringify(object)}`).join("");
    return `# step ${number}\n${lines}${documents}`;
  }

  #tell(step: Step): readonly [comments: readonly string[], objects: readonly object[]] {
    switch (step.kind) {
      case "pools":
        return this.#edit(edited(this.#pools, step.edit));
      case "put":
        return [[], [this.#put(step.key, step.fields)]];
      case "change":
        return this.#change(step.key, step.fields);
      case "delete":
        return [[this.#delete(step.key)], []];
      case "replace":
        return [[`${this.#delete(step.key)}, and at once:`], [this.#put(step.key, step.fields)]];
      case "nodes":
        return [[`the addresses of the nodes are: ${step.addresses.join(", ") || "others"}`], []];
      case "wait":
        return [[`wait ${step.minutes} minutes`], []];
      case "restart":
        return [["restart the controller"], []];
      case "trap":
        return [[TRAPS[step.trap]], []];
      case "conflict":
        return [
          [
            "while the controller next writes a status, its Service is changed by this:",
            JSON.stringify(step.fields),
          ],
          [],
        ];
      case "host":
        return [[hostComment(step)], []];
      case "watch":
        return [
          [`the watch ${step.isSilent ? "falls silent" : "tells all that it has missed"}`],
          [],
        ];
      case "pace":
        return [
          [
            step.isSlow
              ? "from here on the controller looks at one Service after each step"
              : "from here on the controller looks at all that it should",
          ],
          [],
        ];
      case "double":
        return [
          [`another controller writes the addresses of ${step.of} into the status of ${step.into}`],
          [],
        ];
    }
  }

  #edit(next: PoolSet): readonly [readonly string[], readonly object[]] {
    const before = this.#pools;
    this.#pools = next;
    const gone = [...before.keys()].filter((name) => !next.has(name));
    const changed = [...next].filter(([name, fields]) => before.get(name) !== fields);
    return [
      gone.map((name) => `kubectl --namespace ${POOL_NAMESPACE} delete ipaddresspool ${name}`),
      changed.map(([name, fields]) => poolManifest(name, fields)),
    ];
  }

  #put(key: string, fields: ServiceFields): object {
    this.#services.set(key, fields);
    return serviceManifest(key, fields);
  }

  #change(
    key: string,
    fields: Partial<ServiceFields>,
  ): readonly [readonly string[], readonly object[]] {
    const before = this.#services.get(key);
    return before === undefined
      ? [[`nothing, for there is no Service ${key}`], []]
      : [[], [this.#put(key, { ...before, ...fields })]];
  }

  #delete(key: string): string {
    this.#services.delete(key);
    const [namespace, name] = key.split("/");
    return `kubectl --namespace ${namespace} delete service ${name}`;
  }
}

function hostComment({ key, isInUse, forAll }: Extract<Step, { readonly kind: "host" }>): string {
  const doing = isInUse ? "claims" : "is found to use";
  const told = forAll ? "every Service that shows it" : "it";
  return `another host ${doing} the first address that ${key} shows, and a speaker tells ${told} so`;
}
