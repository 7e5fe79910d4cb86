import type { KubeClient, Query } from "./client.ts";

/** As client-go: an API server answers 500 objects in one piece without strain. */
const PAGE_SIZE = 500;
const PAGE_TIMEOUT_MS = 60_000;

export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
}

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly unknown[] | null;
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
    const answer = await client.get<ListAnswer>(path, {
      query,
      signal,
      timeoutMs: PAGE_TIMEOUT_MS,
    });
    yield { items: answer.items ?? [], resourceVersion: answer.metadata?.resourceVersion ?? "" };
    token = answer.metadata?.continue || undefined;
  } while (token !== undefined);
}
