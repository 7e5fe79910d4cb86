/** The one active controller: watches pools and Services, and has each Service reconciled. */

import type { V1Service } from "@kubernetes/client-node";
import type { Pool } from "#lib/api/pool.ts";
import type { Problem } from "#lib/api/problem.ts";
import { projectService } from "#lib/api/project-service.ts";
import { isServedBy, regardingService, type Service } from "#lib/api/service.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { EventRecorder } from "#lib/kube/events.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { PATHS, servicePath } from "#lib/kube/paths.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import { WorkQueue } from "#lib/kube/work-queue.ts";
import type { Log } from "#lib/log/log.ts";
import {
  ConfigurationStateWriter,
  controllerReporter,
  type OwnerReference,
} from "#lib/report/configuration-state.ts";
import { ProblemLog } from "#lib/report/problems.ts";
import { Assigner } from "./assigner.ts";
import { Configuration } from "./configuration.ts";
import { sweepDeparted, tidyDeparted } from "./departed.ts";
import { ensureMemberKey } from "./member-key.ts";
import type { ControllerOptions } from "./options.ts";
import type { StatusPatch } from "./status-patch.ts";

/** Status writes under way at once: as many as the client keeps connections. */
const WRITERS = 8;

export interface ControllerParts {
  readonly options: ControllerOptions;
  readonly client: KubeClient;
  readonly owners: readonly OwnerReference[];
  readonly log: Log;
}

/** Leads until the signal: everything that it knows is built anew each time, from the cluster alone. */
export async function lead(parts: ControllerParts, signal: AbortSignal): Promise<void> {
  const { client, log, options, owners } = parts;
  const { lbClass, mlSecretName, namespace } = options;
  const events = new EventRecorder(client, { component: "herald-controller", log });
  const queue = new WorkQueue<string>({ name: "services", concurrency: WRITERS, log });
  const departed = new WorkQueue<string>({ name: "departed services", log });
  /** What is done once at the beginning, and tried until it is done. */
  const startup = new WorkQueue<"member key" | "sweep">({ name: "startup", log });
  const configurationState = new ConfigurationStateWriter({
    client,
    namespace,
    reporter: controllerReporter(),
    owners,
    log,
  });

  const services = new Reflector<V1Service, Service>(client, {
    path: PATHS.services,
    fieldSelector: "spec.type=LoadBalancer",
    project: projectService,
    log,
  });
  const isOurs = (service: Service) => isServedBy(service, lbClass);
  const assigner = new Assigner(
    namespace,
    {
      service: (key) => {
        const service = services.get(key);
        return service !== undefined && isOurs(service) ? service : undefined;
      },
      services: () => Iterator.from(services.values()).filter(isOurs),
      patchStatus: (service, patch, within) => patchStatus(client, service, patch, within),
      event: (service, type, reason, message) =>
        events.record(regardingService(service), type, reason, message),
      enqueue: (key) => queue.add(key),
      now: () => new Date().toISOString(),
    },
    log,
  );
  let inForce: readonly Pool[] | undefined;
  /** Pools are of use only when all Services are known: those with an address come first. */
  const useBoth = () => {
    if (inForce !== undefined && services.hasSynced) {
      assigner.setPools(inForce);
    }
  };
  /** Until all are known they wait for `useBoth`, which knows their order. */
  const look = (key: string) => {
    if (services.hasSynced) {
      queue.add(key);
    }
  };
  services.on({
    synced: useBoth,
    added: ({ key }) => look(key),
    updated: ({ key }) => look(key),
    deleted: (service) => {
      assigner.forget(service.key);
      departed.add(servicePath(service));
    },
  });

  const problemLog = new ProblemLog(log);
  const configuration = new Configuration(client, namespace, log, {
    checked: (problems) => {
      configurationState.report(problems);
      if (problemLog.tell(problems, inForce !== undefined)) {
        warnPools(problems);
      }
    },
    changed: (pools) => {
      inForce = pools;
      log.info("pools in force", { pools: pools.map(({ name }) => name) });
      useBoth();
    },
  });
  const warnPools = (problems: readonly Problem[]) => {
    for (const { message, name } of problems) {
      const pool = configuration.pool(name);
      if (pool !== undefined) {
        const { uid } = pool.metadata;
        const regarding = {
          apiVersion: "metallb.io/v1beta1",
          kind: "IPAddressPool",
          namespace,
          name,
          uid,
        };
        events.record(regarding, "Warning", "ConfigurationError", message);
      }
    }
  };

  startup.add("member key");
  startup.add("sweep");
  await Promise.all([
    configuration.run(signal),
    configurationState.run(signal),
    services.run(signal),
    queue.run(signal, (key, within) => assigner.reconcile(key, within)),
    departed.run(signal, (path, within) => tidyDeparted(client, path, log, within)),
    startup.run(signal, (task, within) =>
      task === "sweep"
        ? sweepDeparted(client, log, within)
        : ensureMemberKey(client, { namespace, name: mlSecretName }, log, within),
    ),
    events.run(signal),
  ]);
}

/** @returns the resourceVersion after the write; undefined when the Service is gone */
async function patchStatus(
  client: KubeClient,
  service: Service,
  patch: StatusPatch,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = `${servicePath(service)}/status`;
  const written = await unlessGone(client.strategicPatch<V1Service>(path, patch, { signal }));
  return written?.metadata?.resourceVersion;
}
