/** The only module that loads @kubernetes/client-node, which costs 60 MiB: it is imported when a kubeconfig is really used. */

import { KubeConfig } from "@kubernetes/client-node";

/** Reads a kubeconfig, from where kubectl would look when no path is given. */
export function readKubeconfig(path?: string): KubeConfig {
  const config = new KubeConfig();
  if (path === undefined) {
    config.loadFromDefault();
  } else {
    config.loadFromFile(path);
  }
  return config;
}
