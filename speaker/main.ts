/** The speaker's process: options, identity, the network thread, and how it ends. */

import { KubeClient } from "#lib/kube/client.ts";
import { createLog } from "#lib/log/log.ts";
import { credentialsFrom } from "#lib/process/options.ts";
import { run } from "#lib/process/run.ts";
import { stopSignal, switchLevelOnSignal } from "#lib/process/signals.ts";
import { ownPod } from "#lib/report/configuration-state.ts";
import { startNetwork } from "./network/start.ts";
import { speakerCommand } from "./options.ts";
import { Speaker } from "./speaker.ts";

const command = speakerCommand(async (options) => {
  const log = createLog(options.logLevel);
  const signal = stopSignal();
  const credentials = await credentialsFrom(options);
  using client = new KubeClient({ credentials, userAgent: "herald-speaker", log });
  const { logLevel, mlBindport: memberPort, nodeName } = options;
  const network = startNetwork({ nodeName, memberPort, logLevel });
  switchLevelOnSignal(log, logLevel, (level) => network.send({ kind: "log-level", level }));
  log.info("speaker started", { api: credentials.origin.href, node: nodeName });
  const speaker = new Speaker(
    options,
    client,
    network,
    ownPod(options.podName, options.podUid),
    log,
  );
  signal.addEventListener("abort", () => network.send({ kind: "stop" }), { once: true });
  await Promise.all([speaker.run(signal), network.stopped]);
  log.info("speaker stopped", { signal: String(signal.reason) });
});
await run(command);
