import http from "node:http";
import https from "node:https";
import type { Access } from "./credentials.ts";
import { badAnswerError, KubeError } from "./kube-error.ts";

export interface Exchange {
  readonly origin: URL;
  readonly access: Access;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** false: a connection of its own, closed at the end. */
  readonly agent: http.Agent | false;
  /** Ends the exchange whenever it aborts, in the middle of the body too. */
  readonly signal: AbortSignal;
}

/** One kept-alive pool; a watch does not use it. */
export function createAgent(origin: URL, maxSockets: number): http.Agent {
  const options = { keepAlive: true, maxSockets, timeout: IDLE_SOCKET_MS };
  return origin.protocol === "http:" ? new http.Agent(options) : new https.Agent(options);
}

/** Shorter than the 90 s after which load balancers and Go servers begin to drop idle connections. */
const IDLE_SOCKET_MS = 60_000;

/**
 * Sends a request over HTTP/1.1 and gives the answer as soon as its headers are here. HTTP/2 would carry all calls
 * and watches on one connection, whose silent death then stops them all.
 *
 * @throws {KubeError} when no answer comes
 */
export function send(exchange: Exchange): Promise<http.IncomingMessage> {
  const { origin, access, method, path, agent, signal, body } = exchange;
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = (origin.protocol === "http:" ? http : https).request(
    {
      ...access.tls,
      method,
      protocol: origin.protocol,
      host: origin.hostname.replaceAll(/[[\]]/g, ""),
      port: origin.port,
      path,
      agent,
      signal,
      headers: {
        ...exchange.headers,
        ...access.headers,
        ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
      },
    },
    resolve,
  );
  request.on("error", (error) => reject(noAnswerError(exchange, error)));
  request.end(body);
  return promise;
}

/** Reads a body of at most `maxBytes`; `cut` leaves out what comes after, `refuse` throws. */
export async function readBody(
  exchange: Exchange,
  response: http.IncomingMessage,
  limit: { readonly maxBytes: number; readonly over: "cut" | "refuse" },
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readChunks(exchange, response)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit.maxBytes) {
      break;
    }
  }
  if (length > limit.maxBytes && limit.over === "refuse") {
    throw badAnswerError(`${call(exchange)}: the answer has more than ${limit.maxBytes} bytes`);
  }
  return Buffer.concat(chunks).toString("utf8", 0, limit.maxBytes);
}

/**
 * The body as it arrives. Ending the loop early closes the connection.
 *
 * @throws {KubeError} when the connection breaks
 */
export async function* readChunks(
  exchange: Exchange,
  response: http.IncomingMessage,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of response) {
      yield chunk;
    }
  } catch (error) {
    throw noAnswerError(exchange, error);
  }
}

/** What was asked, for people: without the query. */
export function call({ method, path }: Pick<Exchange, "method" | "path">): string {
  return `${method} ${path.split("?", 1)[0]}`;
}

function noAnswerError(exchange: Exchange, cause: unknown): KubeError {
  const { origin, signal } = exchange;
  const said = signal.aborted ? signal.reason : cause;
  const text = said instanceof Error ? said.message : String(said);
  return new KubeError(
    {
      status: 0,
      reason: signal.aborted ? "Timeout" : errorCode(cause),
      message: `${call(exchange)}: no answer from the Kubernetes API at ${origin.origin}: ${text}`,
    },
    { cause },
  );
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "Network";
}
