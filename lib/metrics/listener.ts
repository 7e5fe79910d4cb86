import type { Server, ServerOptions } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Log } from "#lib/log/log.ts";

/**
 * What anybody who reaches the port may cost us. Prometheus needs one connection, and sends a few hundred bytes on it.
 * Beside these, the handler keeps no connection open whose request it refused.
 */
export const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5000,
  requestTimeout: 5000,
  /** How often those two are looked at. */
  connectionsCheckingInterval: 5000,
  /** Longer than the minute between two scrapes. */
  keepAliveTimeout: 75_000,
} as const satisfies ServerOptions;

/** Of TLS. */
export const HANDSHAKE_TIMEOUT_MS = 5000;

const MAX_CONNECTIONS = 64;

export interface ListenOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** All addresses when it is left out. */
  readonly host?: string | undefined;
  readonly log: Log;
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

  /** @throws {Error} when the port cannot be had, with what to do */
  static async start(server: Server, { host, log, port }: ListenOptions): Promise<Listener> {
    const listener = new Listener(server);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ port, host }, resolve);
    try {
      await promise;
    } catch (cause) {
      throw new Error(
        `Cannot serve metrics on port ${port}: choose another by --port, or 0 for no metrics`,
        { cause },
      );
    }
    server.off("error", reject);
    // Such as a connection that could not be accepted for want of file descriptors: the next one may.
    server.on("error", (error) => log.warn("metrics endpoint failed", { error: error.message }));
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
