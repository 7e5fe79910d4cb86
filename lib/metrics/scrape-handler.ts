/** Answers one request to the endpoint: a scrape by somebody who may, or a sentence that says why not. */

import type { IncomingMessage, RequestListener } from "node:http";
import { inspect } from "node:util";
import { type Answer, writeAnswer } from "#lib/http/answer.ts";
import type { Log } from "#lib/log/log.ts";
import type { MetricsRegistry } from "./metrics-registry.ts";
import { METRICS_PATH, type TokenAccess, type Verdict } from "./token-access.ts";

export interface ScrapeHandlerOptions {
  readonly registry: Pick<MetricsRegistry, "contentType" | "text">;
  /** Everybody may when it is left out. */
  readonly access?: Pick<TokenAccess, "check"> | undefined;
  readonly log: Log;
}

export function scrapeHandler(options: ScrapeHandlerOptions): RequestListener {
  return (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    void answerTo(request, options, gone.signal).then(
      (answer) => writeAnswer(response, answer),
      (error: unknown) => {
        options.log.error("metrics cannot be shown", { error: inspect(error) });
        writeAnswer(response, {
          status: 500,
          text: "The metrics cannot be shown: the log tells why",
        });
      },
    );
  };
}

async function answerTo(
  { headers, method = "", url = "" }: IncomingMessage,
  { access, registry }: ScrapeHandlerOptions,
  gone: AbortSignal,
): Promise<Answer> {
  if (url.split("?", 1)[0] !== METRICS_PATH) {
    return { status: 404, text: `Nothing is served here but ${METRICS_PATH}` };
  }
  if (method !== "GET" && method !== "HEAD") {
    const allow = { allow: "GET, HEAD" };
    return {
      status: 405,
      text: `Metrics can be read, by GET, and not by ${method}`,
      headers: allow,
    };
  }
  if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0) {
    return { status: 400, text: "A request for metrics has no body" };
  }
  const refusal = access && (await refusalOf(headers.authorization, access, gone));
  return (
    refusal ?? {
      status: 200,
      text: await registry.text(),
      headers: { "content-type": registry.contentType },
    }
  );
}

async function refusalOf(
  authorization: string | undefined,
  access: Pick<TokenAccess, "check">,
  gone: AbortSignal,
): Promise<Answer | undefined> {
  const token = bearerToken(authorization);
  if (token === undefined) {
    return unauthorized("Send a bearer token of the cluster: it says who asks");
  }
  const verdict = await access.check(token, gone);
  return verdict.kind === "allowed" ? undefined : answerFor(verdict);
}

function answerFor({ kind, message }: Exclude<Verdict, { kind: "allowed" }>): Answer {
  switch (kind) {
    case "unknown":
      return unauthorized(message);
    case "forbidden":
      return { status: 403, text: message };
    case "unavailable":
      return { status: 503, text: message, headers: { "retry-after": "1" } };
  }
}

function unauthorized(text: string): Answer {
  return { status: 401, text, headers: { "www-authenticate": "Bearer" } };
}

/** RFC 6750 §2.1. */
function bearerToken(authorization = ""): string | undefined {
  return /^Bearer +([\w\-.~+/]+=*)$/i.exec(authorization)?.[1];
}
