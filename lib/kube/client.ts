/**
 * Talks to the Kubernetes API: plain calls, reflectors that keep a copy of a collection, leader election, Events, and
 * the queue that a controller works through. It knows nothing of Services or pools. @kubernetes/client-node gives the
 * types; its transport and its watch are not used, for it opens a TLS connection per call and a watch of it that meets
 * an error is dead.
 */

import type { IncomingMessage } from "node:http";
import type { Log } from "#lib/log/log.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Credentials } from "./credentials.ts";
import { call, createAgent, type Exchange, readBody, readChunks, send } from "./exchange.ts";
import { badAnswerError, KubeError, refusalError } from "./kube-error.ts";
import { Warnings } from "./warnings.ts";
import { Watchdog } from "./watchdog.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface KubeClientOptions {
  readonly credentials: Credentials;
  /** Stands in the API server's audit log. */
  readonly userAgent: string;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly query?: Query;
  readonly signal?: AbortSignal;
  /** For the whole call, waiting for a connection included. */
  readonly timeoutMs?: number;
  /** The answer brings no more of the object than its `metadata`, which costs both sides less. */
  readonly isMetadataEnough?: boolean;
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string;
}

const WHOLE_OBJECT = "application/json";
/** https://kubernetes.io/docs/reference/using-api/api-concepts/: the object as a PartialObjectMetadata. */
const METADATA_ALONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

const CALL_TIMEOUT_MS = 15_000;
const MAX_SOCKETS = 8;

/** Far over any page of 500 objects of at most 1.5 MiB that occurs in practice, and under the 512 MiB that a string of V8 can hold. */
const MAX_BODY_BYTES = 256 * 2 ** 20;
const MAX_ERROR_BODY_BYTES = 64 * 2 ** 10;

/** One API server, one identity. Every call has a deadline, and every failure is a KubeError. */
export class KubeClient implements Disposable {
  readonly #credentials: Credentials;
  readonly #userAgent: string;
  readonly #clock: Clock;
  readonly #warnings: Warnings;
  readonly #agent: ReturnType<typeof createAgent>;

  constructor(options: KubeClientOptions) {
    this.#credentials = options.credentials;
    this.#userAgent = options.userAgent;
    this.#clock = options.clock ?? systemClock;
    this.#warnings = new Warnings(options.log);
    this.#agent = createAgent(options.credentials.origin, MAX_SOCKETS);
  }

  get<Result>(path: string, options: CallOptions = {}): Promise<Result> {
    return this.#call("GET", path, options);
  }

  /** Creates an object in the collection at `path`. */
  post<Result>(path: string, body: object, options: CallOptions = {}): Promise<Result> {
    return this.#call("POST", path, options, { type: "application/json", body });
  }

  /** Replaces an object; with its resourceVersion in the body, only if nobody changed it since. */
  put<Result>(path: string, body: object, options: CallOptions = {}): Promise<Result> {
    return this.#call("PUT", path, options, { type: "application/json", body });
  }

  delete<Result>(path: string, options: CallOptions = {}): Promise<Result> {
    return this.#call("DELETE", path, options);
  }

  /** RFC 7396: a null deletes, a list replaces the whole list. */
  mergePatch<Result>(path: string, body: object, options: CallOptions = {}): Promise<Result> {
    return this.#call("PATCH", path, options, { type: "application/merge-patch+json", body });
  }

  /** Lists that have a merge key, as conditions have `type`, are merged by it. Only for built-in kinds. */
  strategicPatch<Result>(path: string, body: object, options: CallOptions = {}): Promise<Result> {
    const type = "application/strategic-merge-patch+json";
    return this.#call("PATCH", path, options, { type, body });
  }

  /**
   * Server-side apply: the fields in `body` become this manager's, taken from others if need be, as a controller should;
   * those that it gave before and leaves out now go.
   */
  apply<Result>(path: string, body: object, options: ApplyOptions): Promise<Result> {
    const { fieldManager } = options;
    const query = { ...options.query, fieldManager, force: true };
    const type = "application/apply-patch+yaml";
    return this.#call("PATCH", path, { ...options, query }, { type, body });
  }

  /**
   * Opens a GET whose body has no end, on a connection of its own, so that its silence and its end concern no other call.
   *
   * @param signal ends it, before the headers as well as after
   */
  async stream(
    path: string,
    query: Query,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const { exchange, response } = await this.#open({
      method: "GET",
      path: withQuery(path, query),
      agent: false,
      signal,
    });
    return readChunks(exchange, response);
  }

  /** Closes the idle connections; what is under way goes on. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #call<Result>(
    method: string,
    path: string,
    options: CallOptions,
    content?: { readonly type: string; readonly body: object },
  ): Promise<Result> {
    using deadline = new Watchdog(
      this.#clock,
      options.timeoutMs ?? CALL_TIMEOUT_MS,
      options.signal,
    );
    const { exchange, response } = await this.#open({
      method,
      path: withQuery(path, options.query ?? {}),
      agent: this.#agent,
      signal: deadline.signal,
      ...(options.isMetadataEnough === true && { accept: METADATA_ALONE }),
      ...(content && { type: content.type, body: JSON.stringify(content.body) }),
    });
    const text = await readBody(exchange, response, { maxBytes: MAX_BODY_BYTES, over: "refuse" });
    return parseAnswer(text, exchange);
  }

  /** A 401 was refused before anything was done, so it is safe to ask again with credentials read anew. */
  async #open(wanted: Wanted): Promise<Opened> {
    try {
      return await this.#openOnce(wanted);
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 401)) {
        throw error;
      }
      this.#credentials.invalidate();
      return await this.#openOnce(wanted);
    }
  }

  async #openOnce(wanted: Wanted): Promise<Opened> {
    const { accept = WHOLE_OBJECT, type, ...request } = wanted;
    const exchange: Exchange = {
      ...request,
      origin: this.#credentials.origin,
      access: await this.#credentials.access(),
      headers: {
        accept,
        "user-agent": this.#userAgent,
        ...(type !== undefined && { "content-type": type }),
      },
    };
    const response = await send(exchange);
    const { warning = "", "retry-after": retryAfter } = response.headers;
    this.#warnings.note(warning, call(exchange));
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) {
      return { exchange, response };
    }
    const body = await readBody(exchange, response, {
      maxBytes: MAX_ERROR_BODY_BYTES,
      over: "cut",
    });
    throw refusalError(
      { call: call(exchange), httpStatus: status, retryAfter, body },
      this.#clock.wall(),
    );
  }
}

interface Wanted extends Pick<Exchange, "method" | "path" | "body" | "agent" | "signal"> {
  readonly accept?: string;
  readonly type?: string;
}

interface Opened {
  readonly exchange: Exchange;
  readonly response: IncomingMessage;
}

function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) {
      parameters.set(name, String(value));
    }
  }
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

function parseAnswer<Result>(text: string, exchange: Exchange): Result {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badAnswerError(`${call(exchange)}: the answer is not JSON`, { cause });
  }
}
