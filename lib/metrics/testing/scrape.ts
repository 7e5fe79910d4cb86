import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import type { PeerCertificate, SecureVersion, TLSSocket } from "node:tls";

export interface ScrapeOptions {
  readonly token?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
  /** Whom the client trusts; nobody is asked for when it is left out. */
  readonly ca?: string;
  readonly plain?: boolean;
  readonly maxVersion?: SecureVersion;
}

export interface Scraped {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly certificate: PeerCertificate | undefined;
}

/** Asks a metrics endpoint on this host, on a connection of its own. */
export async function scrape(port: number, options: ScrapeOptions = {}): Promise<Scraped> {
  const { body, ca, headers, maxVersion, method = "GET", path = "/metrics", token } = options;
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = (options.plain === true ? http : https).request(
    {
      host: "127.0.0.1",
      port,
      path,
      method,
      agent: false,
      headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(ca === undefined ? { rejectUnauthorized: false } : { ca, servername: "herald" }),
      ...(maxVersion !== undefined && { maxVersion }),
    },
    resolve,
  );
  request.on("error", reject);
  request.end(body);
  const response = await promise;
  const socket = response.socket as TLSSocket;
  return {
    certificate: options.plain === true ? undefined : socket.getPeerCertificate(),
    status: response.statusCode,
    headers: response.headers,
    text: await text(response),
  };
}
