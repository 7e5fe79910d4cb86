/** The controller's process: options, identity, leadership, and how it ends. */

import { hostname } from "node:os";
import { KubeClient } from "#lib/kube/client.ts";
import { LeaderElection } from "#lib/kube/lease.ts";
import { createLog } from "#lib/log/log.ts";
import { serveMetrics } from "#lib/metrics/serve.ts";
import { credentialsFrom } from "#lib/process/options.ts";
import { run } from "#lib/process/run.ts";
import { stopSignal, switchLevelOnSignal } from "#lib/process/signals.ts";
import { ownPod } from "#lib/report/configuration-state.ts";
import { lead } from "./controller.ts";
import { ControllerMetrics } from "./metrics.ts";
import { controllerCommand } from "./options.ts";

const command = controllerCommand(async (options) => {
  const log = createLog(options.logLevel);
  switchLevelOnSignal(log, options.logLevel);
  const signal = stopSignal();
  const credentials = await credentialsFrom(options);
  const userAgent = "herald-controller";
  using client = new KubeClient({ credentials, userAgent, log });
  // On connections of its own: slow writes of status must not keep the Lease from being renewed.
  using leaseClient = new KubeClient({ credentials, userAgent, log });
  const metrics = new ControllerMetrics();
  await using _ = await serveMetrics(options, { registry: metrics.registry, api: client, log });
  log.info("controller started", { api: credentials.origin.href, namespace: options.namespace });
  const election = new LeaderElection(leaseClient, {
    namespace: options.namespace,
    name: "herald-controller",
    identity: options.podName ?? hostname(),
    log,
  });
  const owners = ownPod(options.podName, options.podUid);
  await election.run(signal, (leading) => lead({ options, client, owners, metrics, log }, leading));
  log.info("controller stopped", { signal: String(signal.reason) });
});
await run(command);
