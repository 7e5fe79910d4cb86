import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Access, Credentials } from "./credentials.ts";
import { credentialsError } from "./kube-error.ts";

/**
 * The identity of a kubeconfig: token, client certificate, exec plugin, OIDC.
 *
 * @throws {KubeError} when the file cannot be read or names no cluster
 */
export async function kubeconfigCredentials(path: string): Promise<Credentials> {
  const { readKubeconfig } = await import("./kubeconfig-file.ts");
  try {
    return new KubeconfigUser(readKubeconfig(path));
  } catch (cause) {
    throw credentialsError(
      `Cannot use the kubeconfig ${path}: ${String(cause)}: give the path of one that kubectl accepts`,
      cause,
    );
  }
}

class KubeconfigUser implements Credentials {
  readonly origin: URL;
  readonly #config: KubeConfig;

  constructor(config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) {
      throw new Error("its current context names no cluster");
    }
    this.origin = new URL(cluster.server);
    this.#config = config;
  }

  async access(): Promise<Access> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const { ca, cert, key, rejectUnauthorized, servername, headers } = options;
    return {
      tls: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
        ...(servername !== undefined && { servername }),
      },
      headers: { ...headers } as Record<string, string>,
    };
  }

  /** Exec plugins and OIDC watch over the life of their own tokens. */
  invalidate(): void {}
}
