/** What every HTTP endpoint of ours is: bounded in connections and times, and cut at once when it ends. */

import type { Server, ServerOptions } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Log } from "#lib/log/log.ts";

/**
 * What anybody who reaches the port may cost us: who asks needs one connection, and sends a few hundred bytes on it.
 * Beside these, no connection stays open whose request was refused.
 */
export const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5000,
  requestTimeout: 5000,
  /** How often those two are looked at. */
  connectionsCheckingInterval: 5000,
  /** Longer than the minute between two scrapes of Prometheus. */
  keepAliveTimeout: 75_000,
} as const satisfies ServerOptions;

/** Of TLS. */
export const HANDSHAKE_TIMEOUT_MS = 5000;

const MAX_CONNECTIONS = 64;

export interface ListenOptions {
  /** What is served, as in `Cannot serve metrics`. */
  readonly what: string;
  /** The option that gives the port. */
  readonly flag: string;
  /** 0: any that is free. */
  readonly port: number;
  /** All addresses when it is left out. */
  readonly host?: string | undefined;
  readonly log: Log;
}

/** The port of an endpoint cannot be had. The message says what to do. */
export class PortError extends Error {
  override readonly name = "PortError";
}

/** A server that listens; disposing of it cuts every connection, in the middle of a handshake too. */
export class Listener implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.maxConnections = MAX_CONNECTIONS;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** @throws {PortError} when the port cannot be had */
  static async start(server: Server, options: ListenOptions): Promise<Listener> {
    const { flag, host, log, port, what } = options;
    const listener = new Listener(server);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ port, host }, resolve);
    try {
      await promise;
    } catch (cause) {
      throw new PortError(
        `Cannot serve ${what} on port ${port}: choose another by ${flag}, or 0 for none`,
        { cause },
      );
    }
    server.off("error", reject);
    // Such as a connection that could not be accepted for want of file descriptors: the next one may.
    server.on("error", (error) => log.warn("endpoint failed", { what, error: error.message }));
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }
}
