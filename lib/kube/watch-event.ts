import type { KubeObject, Status } from "./json.ts";
import { badAnswerError, KubeError } from "./kube-error.ts";

export type WatchEvent =
  | {
      readonly type: "ADDED" | "MODIFIED" | "DELETED";
      readonly object: unknown;
      readonly identity: Identity;
    }
  /** Only the place reached; `complete` marks the end of the objects that existed at the start. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly complete: boolean };

/** What tells objects of a collection, and their states, apart. */
export interface Identity {
  /** `namespace/name`, or `name` of an object without namespace. */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

interface RawEvent {
  readonly type?: unknown;
  readonly object?: (KubeObject & Status) | null;
}

/**
 * Reads one line of a watch.
 *
 * @throws {KubeError} when it is an ERROR event, or not an event at all
 */
export function parseWatchEvent(line: Uint8Array): WatchEvent {
  const { type, object } = parseJson(line) ?? {};
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object, identity: identityOf(object) };
    case "BOOKMARK": {
      const { resourceVersion, annotations } = object?.metadata ?? {};
      const complete = annotations?.[INITIAL_EVENTS_END] === "true";
      return { type, resourceVersion: required(resourceVersion, "resourceVersion"), complete };
    }
    case "ERROR":
      throw errorEvent(object ?? {});
    default:
      throw badAnswerError(`Cannot read the watch stream: an event is of type ${String(type)}`);
  }
}

/** @throws {KubeError} when the object lacks a name, a uid or a resourceVersion */
export function identityOf(object: KubeObject | null | undefined): Identity {
  const { namespace, name, uid, resourceVersion } = object?.metadata ?? {};
  const ownName = required(name, "name");
  return {
    key: namespace ? `${namespace}/${ownName}` : ownName,
    uid: required(uid, "uid"),
    resourceVersion: required(resourceVersion, "resourceVersion"),
  };
}

/** An empty resourceVersion would make a watch begin anywhere. */
function required(value: string | undefined, field: string): string {
  if (typeof value !== "string" || value === "") {
    throw badAnswerError(`Cannot read an object of the Kubernetes API: it has no ${field}`);
  }
  return value;
}

function parseJson(line: Uint8Array): RawEvent | null {
  try {
    return JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.length).toString("utf8"));
  } catch (cause) {
    throw badAnswerError("Cannot read the watch stream: a line is not JSON", { cause });
  }
}

function errorEvent({ code = 500, reason = "Unknown", message, details }: Status): KubeError {
  return new KubeError({
    status: code,
    reason,
    message: `The watch was ended with ${code}: ${message ?? reason}`,
    retryAfterMs: (details?.retryAfterSeconds ?? 0) * 1000,
  });
}
