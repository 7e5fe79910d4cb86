/** Kubeconfig files. */

import { writeFileSync } from "node:fs";
import { stringify } from "yaml";

export interface Endpoint {
  readonly server: string;
  /** The name in the server's certificate, where it is not the host of `server`. */
  readonly tlsServerName?: string;
}

export interface Access extends Endpoint {
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

/** Writes a kubeconfig that refers to no other file, and gives back its path. */
export function writeKubeconfig(file: string, access: Access): string {
  const cluster = {
    server: access.server,
    "certificate-authority-data": Buffer.from(access.ca).toString("base64"),
    ...(access.tlsServerName !== undefined && { "tls-server-name": access.tlsServerName }),
  };
  const content = stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "lab",
    clusters: [{ name: "lab", cluster }],
    users: [{ name: "admin", user: { token: access.token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "admin" } }],
  });
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}
