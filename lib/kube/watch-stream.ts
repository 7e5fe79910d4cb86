import type { KubeClient, Query } from "./client.ts";
import type { Clock } from "./clock.ts";
import { readLines } from "./lines.ts";
import { parseWatchEvent, type WatchEvent } from "./watch-event.ts";
import { Watchdog } from "./watchdog.ts";

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
      yield parseWatchEvent(line);
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
