/** The options of the endpoint, the same for both processes. */

import { type Command, Option } from "commander";
import { parsePortOrNone } from "#lib/process/options.ts";

/** MetalLB's. */
const DEFAULT_PORT = 9120;

/** Names of Kubernetes' components for versions of TLS, and Node's. */
export const TLS_VERSIONS = { VersionTLS12: "TLSv1.2", VersionTLS13: "TLSv1.3" } as const;
export type TlsVersion = keyof typeof TLS_VERSIONS;

export interface MetricsOptions {
  /** 0: no metrics. */
  readonly port: number;
  /** Plain HTTP, for whoever is on this host. */
  readonly metricsPlain: boolean;
  /** Left out: a certificate made at the start. */
  readonly metricsCertDir?: string;
  readonly tlsMinVersion: TlsVersion;
}

export function withMetricsOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--port <port>", "HTTPS port of the metrics; 0: none")
        .env("HERALD_PORT")
        .argParser(parsePortOrNone)
        .default(DEFAULT_PORT),
    )
    .addOption(
      new Option(
        "--metrics-plain",
        "serve metrics by plain HTTP and without a token, on 127.0.0.1 only",
      )
        .env("HERALD_METRICS_PLAIN")
        .default(false),
    )
    .addOption(
      new Option(
        "--metrics-cert-dir <path>",
        "where tls.crt and tls.key of the metrics are, read again when they change; else they are made at the start",
      ).env("HERALD_METRICS_CERT_DIR"),
    )
    .addOption(
      new Option("--tls-min-version <version>", "oldest TLS that metrics are served by")
        .env("HERALD_TLS_MIN_VERSION")
        .choices(Object.keys(TLS_VERSIONS))
        .default("VersionTLS13"),
    );
}
