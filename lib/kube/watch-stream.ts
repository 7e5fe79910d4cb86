import type { KubeClient, Query } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { KubeObject, Status } from "./json.ts";
import { badAnswerError, KubeError } from "./kube-error.ts";
import { readLines } from "./lines.ts";
import { Watchdog } from "./watchdog.ts";

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  /** Only the place reached; `complete` marks the end of the objects that existed at the start. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly complete: boolean };

export interface WatchOptions {
  readonly path: string;
  readonly query: Query;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const HEADERS_MS = 30_000;

/** The API server sends a bookmark a minute, so that a longer silence means a dead peer. */
const IDLE_MS = 90_000;

/** etcd refuses objects over 1.5 MiB. */
const MAX_LINE_BYTES = 16 * 2 ** 20;

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/**
 * Opens a watch and gives its events, which end when the server closes the stream or falls silent.
 *
 * @throws {KubeError} when the watch cannot be opened, breaks off, or carries an ERROR event or something unreadable
 */
export async function openWatch(
  client: KubeClient,
  options: WatchOptions,
): Promise<AsyncIterable<WatchEvent>> {
  const watchdog = new Watchdog(options.clock, HEADERS_MS, options.signal);
  try {
    const query = { ...options.query, watch: true, allowWatchBookmarks: true };
    const chunks = await client.stream(options.path, query, watchdog.signal);
    watchdog.allow(IDLE_MS);
    return readEvents(chunks, watchdog);
  } catch (error) {
    watchdog[Symbol.dispose]();
    throw error;
  }
}

async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  watchdog: Watchdog,
): AsyncGenerator<WatchEvent, void, undefined> {
  try {
    for await (const line of readLines(heard(chunks, watchdog), MAX_LINE_BYTES)) {
      yield parseEvent(line);
    }
  } catch (error) {
    if (!watchdog.expired) {
      throw error;
    }
  } finally {
    watchdog[Symbol.dispose]();
  }
}

async function* heard(
  chunks: AsyncIterable<Uint8Array>,
  watchdog: Watchdog,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    watchdog.heard();
    yield chunk;
  }
}

interface RawEvent {
  readonly type?: string;
  readonly object?: KubeObject & Status;
}

function parseEvent(line: Uint8Array): WatchEvent {
  const { type = "", object } = parseJson(line);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object: object ?? {} };
    case "BOOKMARK":
      return {
        type,
        resourceVersion: object?.metadata?.resourceVersion ?? "",
        complete: object?.metadata?.annotations?.[INITIAL_EVENTS_END] === "true",
      };
    case "ERROR":
      throw errorEvent(object ?? {});
    default:
      throw badAnswerError(`Cannot read the watch stream: an event is of type ${type}`);
  }
}

function parseJson(line: Uint8Array): RawEvent {
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
