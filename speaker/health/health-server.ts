/** What the kubelet asks, and people on this node or through a port-forward: plain HTTP on the loopback address. */

import http, { type RequestListener } from "node:http";
import { type Answer, writeAnswer } from "#lib/http/answer.ts";
import { LIMITS, Listener } from "#lib/http/listener.ts";
import type { Log } from "#lib/log/log.ts";

const HOST = "127.0.0.1";

const METHODS = ["GET", "HEAD"];

export interface HealthParts {
  /** Whether the network thread has a table, of the cluster or of a snapshot. */
  readonly isReady: () => boolean;
  /** Answers GET /capture. */
  readonly capture: RequestListener;
  /** Answers GET /members. */
  readonly members: RequestListener;
  readonly log: Log;
}

/**
 * Serves until it is disposed of.
 *
 * @param port 0: serve nothing
 * @throws {Error} when the port cannot be had, with what to do
 */
export async function serveHealth(
  port: number,
  parts: HealthParts,
): Promise<AsyncDisposable | undefined> {
  return port === 0 ? undefined : await listenHealth(port, parts);
}

/** @param port 0: any that is free */
export async function listenHealth(port: number, parts: HealthParts): Promise<Listener> {
  const { log } = parts;
  const wanted = { what: "health", flag: "--health-probe-port", port, host: HOST, log };
  const listener = await Listener.start(http.createServer(LIMITS, healthHandler(parts)), wanted);
  log.info("health served", { port: listener.port, host: HOST });
  return listener;
}

function healthHandler({ capture, isReady, members }: HealthParts): RequestListener {
  return (request, response) => {
    const { method = "", url = "" } = request;
    const [path = ""] = url.split("?", 1);
    if (path === "/capture" && method === "GET") {
      capture(request, response);
    } else if (path === "/members" && method === "GET") {
      members(request, response);
    } else {
      writeAnswer(response, answerTo(method, path, isReady));
    }
  };
}

function answerTo(method: string, path: string, isReady: () => boolean): Answer {
  const isProbe = path === "/healthz" || path === "/readyz";
  if (!(isProbe || path === "/capture" || path === "/members")) {
    const text = "Nothing is served here but /healthz, /readyz, /capture and /members";
    return { status: 404, text };
  }
  if (!(isProbe && METHODS.includes(method))) {
    const allow = isProbe ? METHODS.join(", ") : "GET";
    return {
      status: 405,
      text: `${path} can be read, by GET, and not by ${method}`,
      headers: { allow },
    };
  }
  if (path === "/readyz" && !isReady()) {
    return {
      status: 503,
      text: "Not ready: not all of Services, nodes, configuration and membership key are there yet, and no snapshot stands in; the log tells what fails",
    };
  }
  return { status: 200, text: "ok" };
}
