/** The speaker's process: options, identity, the network thread, and how it ends. */

import { KubeClient } from "#lib/kube/client.ts";
import { createLog } from "#lib/log/log.ts";
import { serveMetrics } from "#lib/metrics/serve.ts";
import { credentialsFrom } from "#lib/process/options.ts";
import { run } from "#lib/process/run.ts";
import { stopSignal, switchLevelOnSignal } from "#lib/process/signals.ts";
import { ownPod } from "#lib/report/configuration-state.ts";
import { captureHandler } from "./capture/capture-handler.ts";
import { requireNetRaw } from "./checks/net-raw.ts";
import { readExcludedLinks } from "./excluded-links.ts";
import { serveHealth } from "./health/health-server.ts";
import { membersHandler } from "./health/members-handler.ts";
import { startNetwork } from "./network/start.ts";
import { speakerCommand } from "./options.ts";
import { serveWhenFree } from "./serve-when-free.ts";
import { Speaker } from "./speaker.ts";

const command = speakerCommand(async (options) => {
  const log = createLog(options.logLevel);
  const signal = stopSignal();
  const credentials = await credentialsFrom(options);
  using client = new KubeClient({ credentials, userAgent: "herald-speaker", log });
  const { healthProbePort, logLevel, mlBindport: memberPort, nodeName: node } = options;
  requireNetRaw("/");
  const excluded = await readExcludedLinks(options.excludeLinksFile);
  log.info("links excluded", { from: excluded.source, patterns: excluded.patterns.map(String) });
  const network = startNetwork({
    nodeName: node,
    memberPort,
    logLevel,
    excludedLinks: excluded.patterns,
    promiscuousLinks: options.promiscuousLinks,
    announceRate: options.announceRate,
    answerRate: options.answerRate,
    answerRatePerClient: options.answerRatePerClient,
    failbackMs: options.failback,
    placement: options.placement,
    profile: options.profile,
    surrogate: options.surrogate === "on",
  });
  switchLevelOnSignal(log, logLevel, (level) => network.send({ kind: "log-level", level }));
  log.info("speaker started", { api: credentials.origin.href, node });
  const speaker = new Speaker(
    options,
    client,
    network,
    ownPod(options.podName, options.podUid),
    log,
  );
  const { registry } = speaker.metrics;
  const metrics = () => serveMetrics(options, { registry, api: client, log });
  const capture = captureHandler({ node, asker: speaker.captures, log });
  const isReady = () => speaker.isReady;
  const members = membersHandler({
    view: () => speaker.members.answer(),
    draining: () => speaker.draining,
  });
  const health = () => serveHealth(healthProbePort, { isReady, capture, members, log });
  const stop = () => network.send({ kind: "stop", how: speaker.isLeaving ? "leave" : "restart" });
  signal.addEventListener("abort", stop, { once: true });
  await Promise.all([
    speaker.run(signal),
    network.stopped,
    serveWhenFree(metrics, log, signal),
    serveWhenFree(health, log, signal),
  ]);
  log.info("speaker stopped", { signal: String(signal.reason) });
});
await run(command);
