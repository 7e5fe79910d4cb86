import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { SecureContextOptions } from "node:tls";
import { type Clock, systemClock } from "./clock.ts";
import { credentialsError } from "./kube-error.ts";

interface TlsOptions extends Pick<SecureContextOptions, "ca" | "cert" | "key"> {
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/** What a request needs beside its own fields. */
export interface Access {
  readonly tls: TlsOptions;
  /** Those that carry the identity. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where the API server is, and how to be let in. */
export interface Credentials {
  /** https, or http towards `kubectl proxy`. */
  readonly origin: URL;
  access(): Promise<Access>;
  /** Makes the next access() read everything anew: the server has just answered 401. */
  invalidate(): void;
}

export interface InClusterOptions {
  /** Of the mounted service account. */
  readonly directory: string;
  /** Name or address of the API server, the variable KUBERNETES_SERVICE_HOST of every container. */
  readonly host: string;
  readonly port: string;
  readonly clock?: Clock;
}

/** The kubelet rotates a token that lives an hour after 48 minutes, so a minute is early enough. */
const REREAD_MS = 60_000;

/** The identity that Kubernetes mounts into a container. */
export function inClusterCredentials(options: InClusterOptions): Credentials {
  return new ServiceAccount(options);
}

class ServiceAccount implements Credentials {
  readonly origin: URL;
  readonly #directory: string;
  readonly #clock: Clock;
  #access: Promise<Access> | undefined;
  #readAt = 0;

  constructor(options: InClusterOptions) {
    const host = isIPv6(options.host) ? `[${options.host}]` : options.host;
    this.origin = new URL(`https://${host}:${options.port}`);
    this.#directory = options.directory;
    this.#clock = options.clock ?? systemClock;
  }

  async access(): Promise<Access> {
    if (this.#access === undefined || this.#clock.now() - this.#readAt >= REREAD_MS) {
      this.#readAt = this.#clock.now();
      this.#access = this.#read();
    }
    try {
      return await this.#access;
    } catch (error) {
      this.invalidate();
      throw error;
    }
  }

  invalidate(): void {
    this.#access = undefined;
  }

  async #read(): Promise<Access> {
    const [token, ca] = await Promise.all([this.#file("token"), this.#file("ca.crt")]);
    return { tls: { ca }, headers: { authorization: `Bearer ${token.trim()}` } };
  }

  async #file(name: string): Promise<string> {
    const path = join(this.#directory, name);
    try {
      return await readFile(path, "utf8");
    } catch (cause) {
      throw credentialsError(
        `Cannot read the service account's ${path}: set automountServiceAccountToken to true in the Pod, or give a kubeconfig`,
        cause,
      );
    }
  }
}
