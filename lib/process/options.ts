/** The options that both processes take; each is also a variable of the environment, HERALD_… unless Kubernetes names it. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { type Credentials, inClusterCredentials } from "#lib/kube/credentials.ts";
import { LOG_LEVELS, type LogLevel } from "#lib/log/log.ts";

export interface CommonOptions {
  readonly namespace: string;
  readonly logLevel: LogLevel;
  /** Empty: only Services without a class. */
  readonly lbClass: string;
  readonly podName?: string;
  readonly podUid?: string;
  readonly kubeconfig?: string;
  readonly serviceAccountDirectory: string;
  readonly apiHost?: string;
  readonly apiPort: number;
}

export function withCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--namespace <name>", "namespace of the configuration")
        .env("HERALD_NAMESPACE")
        .default("metallb-system"),
    )
    .addOption(
      new Option("--log-level <level>", "what to log; SIGUSR2 switches to debug and back")
        .env("HERALD_LOG_LEVEL")
        .choices(LOG_LEVELS)
        .default("info"),
    )
    .addOption(
      new Option("--lb-class <class>", "serve only Services of this loadBalancerClass")
        .env("HERALD_LB_CLASS")
        .default("", "Services without one"),
    )
    .addOption(new Option("--pod-name <name>", "name of the own Pod").env("HERALD_POD_NAME"))
    .addOption(new Option("--pod-uid <uid>", "uid of the own Pod").env("HERALD_POD_UID"))
    .addOption(
      new Option("--kubeconfig <file>", "use this file instead of the Pod's account").env(
        "HERALD_KUBECONFIG",
      ),
    )
    .addOption(
      new Option("--service-account-directory <path>", "where the Pod's account is mounted")
        .env("HERALD_SERVICE_ACCOUNT_DIRECTORY")
        .default("/var/run/secrets/kubernetes.io/serviceaccount"),
    )
    .addOption(
      new Option("--api-host <host>", "address of the API server").env("KUBERNETES_SERVICE_HOST"),
    )
    .addOption(
      new Option("--api-port <port>", "port of the API server")
        .env("KUBERNETES_SERVICE_PORT")
        .argParser(parsePort)
        .default(443),
    );
}

/** @throws {InvalidArgumentError} when the text is no port */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("give a whole number from 1 to 65535");
  }
  return port;
}

/** @throws {InvalidArgumentError} when the text is neither a port nor 0 */
export function parsePortOrNone(text: string): number {
  try {
    return text === "0" ? 0 : parsePort(text);
  } catch (cause) {
    throw cause instanceof InvalidArgumentError
      ? new InvalidArgumentError("give a whole number from 1 to 65535, or 0 for none")
      : cause;
  }
}

/**
 * The Pod's account, or the kubeconfig when one is named; client-node is loaded only for the latter.
 *
 * @throws {Error} when there is neither
 * @throws {KubeError} when the kubeconfig cannot be used
 */
export async function credentialsFrom(options: CommonOptions): Promise<Credentials> {
  if (options.kubeconfig !== undefined) {
    const { kubeconfigCredentials } = await import("#lib/kube/kubeconfig.ts");
    return kubeconfigCredentials(options.kubeconfig);
  }
  if (options.apiHost === undefined) {
    throw new Error(
      "Cannot find the API server: KUBERNETES_SERVICE_HOST is not set: run in a Pod, or give --kubeconfig",
    );
  }
  return inClusterCredentials({
    directory: options.serviceAccountDirectory,
    host: options.apiHost,
    port: String(options.apiPort),
  });
}
