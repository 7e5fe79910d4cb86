import type { KubeClient, Query } from "./client.ts";
import { badAnswerError } from "./kube-error.ts";

/** As client-go: an API server answers 500 objects in one piece without strain. */
const PAGE_SIZE = 500;
const PAGE_TIMEOUT_MS = 60_000;

export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** For the next page, if there is one. */
  readonly token: string | undefined;
}

/**
 * Lists a collection page by page. No resourceVersion is asked for: with "0" a server answers from whatever it has
 * cached, which after a change of servers may be older than what was seen before, and disregards the page size.
 */
export async function* listPages(
  client: KubeClient,
  path: string,
  selectors: Query,
  signal: AbortSignal,
): AsyncGenerator<Page, void, undefined> {
  let token: string | undefined;
  do {
    const query = { ...selectors, limit: PAGE_SIZE, continue: token };
    const options = { query, signal, timeoutMs: PAGE_TIMEOUT_MS };
    const page = readPage(await client.get<ListAnswer | null>(path, options));
    yield page;
    token = page.token;
  } while (token !== undefined);
}

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string } | null;
  readonly items?: readonly unknown[] | null;
}

/**
 * What is no list must not be taken for an empty one, which would delete everything that is known.
 *
 * @throws {KubeError} when there are no items, or it is not said of what resourceVersion they are
 */
export function readPage(answer: ListAnswer | null): Page {
  const { metadata, items } = answer ?? {};
  const { resourceVersion, continue: token } = metadata ?? {};
  // Go writes a list without items as null.
  if ((items !== null && !Array.isArray(items)) || !resourceVersion) {
    throw badAnswerError("Cannot read the answer to a LIST: it has no items or no resourceVersion");
  }
  return { items: items ?? [], resourceVersion, token: token || undefined };
}
