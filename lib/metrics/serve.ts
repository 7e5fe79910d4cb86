import http from "node:http";
import https from "node:https";
import { HANDSHAKE_TIMEOUT_MS, LIMITS, Listener, type ListenOptions } from "#lib/http/listener.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { Log } from "#lib/log/log.ts";
import type { MetricsRegistry } from "./metrics-registry.ts";
import { type MetricsOptions, TLS_VERSIONS } from "./options.ts";
import { scrapeHandler } from "./scrape-handler.ts";
import { selfSignedCertificate } from "./self-signed.ts";
import { followCertificate, readCertificate } from "./serving-certificate.ts";
import { type ReviewApi, TokenAccess } from "./token-access.ts";

export interface MetricsParts {
  readonly registry: MetricsRegistry;
  /** Is asked whose token it is, and what they may. */
  readonly api: ReviewApi;
  readonly log: Log;
  readonly clock?: Clock;
}

type Wanted = Pick<ListenOptions, "port" | "log">;

const ENDPOINT = { what: "metrics", flag: "--port" };

/** In the certificate that is made at the start. */
const SERVER_NAME = "herald";
const LOOPBACK = "127.0.0.1";

/**
 * Serves the metrics until it is disposed of: by HTTPS to those whose token may read them, or by plain HTTP to this host.
 *
 * @returns undefined when the options want no metrics
 * @throws {Error} when the port or the certificate cannot be used, with what to do
 */
export async function serveMetrics(
  options: MetricsOptions,
  parts: MetricsParts,
): Promise<AsyncDisposable | undefined> {
  const { port } = options;
  if (port === 0) {
    return undefined;
  }
  const { log } = parts;
  if (options.metricsPlain) {
    return await listenPlain({ port, log }, parts);
  }
  return await listenSecurely({ port, log }, options, parts);
}

/** @param wanted port 0: any that is free */
export async function listenPlain(wanted: Wanted, parts: MetricsParts): Promise<Listener> {
  const server = http.createServer(LIMITS, scrapeHandler(parts));
  const listener = await Listener.start(server, { ...ENDPOINT, ...wanted, host: LOOPBACK });
  parts.log.info("metrics served", { port: listener.port, host: LOOPBACK, plain: true });
  return listener;
}

/** As `listenPlain`, with TLS and tokens. */
export async function listenSecurely(
  wanted: Wanted,
  { metricsCertDir, tlsMinVersion }: Omit<MetricsOptions, "port" | "metricsPlain">,
  { api, clock = systemClock, log, registry }: MetricsParts,
): Promise<SecureListener> {
  const access = new TokenAccess(api, { log, clock });
  const minVersion = TLS_VERSIONS[tlsMinVersion];
  const known =
    metricsCertDir === undefined
      ? selfSignedCertificate(SERVER_NAME)
      : await readCertificate(metricsCertDir);
  const server = https.createServer(
    { ...LIMITS, ...known, minVersion, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
    scrapeHandler({ registry, access, log }),
  );
  const listener = await Listener.start(server, { ...ENDPOINT, ...wanted });
  log.info("metrics served", { port: listener.port });
  const stop = new AbortController();
  if (metricsCertDir !== undefined) {
    const changed = (renewed: typeof known) => server.setSecureContext({ ...renewed, minVersion });
    void followCertificate({ directory: metricsCertDir, log, clock, known, changed }, stop.signal);
  }
  return {
    port: listener.port,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await listener[Symbol.asyncDispose]();
    },
  };
}

interface SecureListener extends AsyncDisposable {
  readonly port: number;
}
