/** The only module that loads @kubernetes/client-node, which costs 60 MiB: it is imported when a kubeconfig is really used. */

import { KubeConfig } from "@kubernetes/client-node";

/** @throws {Error} when the file cannot be read or is no kubeconfig */
export function readKubeconfig(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}
