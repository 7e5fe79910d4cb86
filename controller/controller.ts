/** The one active controller: watches pools and Services, and has each Service reconciled. */

import type { V1Service } from "@kubernetes/client-node";
import type { NodeAddresses } from "#lib/api/node-addresses.ts";
import type { Pool } from "#lib/api/pool.ts";
import { poolWarnings } from "#lib/api/pool-warnings.ts";
import { projectService } from "#lib/api/project-service.ts";
import { isServedBy, regardingService, type Service } from "#lib/api/service.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { systemClock } from "#lib/kube/clock.ts";
import { EventRecorder } from "#lib/kube/events.ts";
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
import { MemoryStore } from "./memory-store.ts";
import type { ControllerMetrics } from "./metrics.ts";
import { NodeAddressWatch } from "./node-addresses.ts";
import type { ControllerOptions } from "./options.ts";
import { PoolNotices } from "./pool-notices.ts";
import { PoolStatusWriter } from "./pool-status.ts";
import { Prerequisites } from "./prerequisites.ts";
import { StatusWriter } from "./status-writer.ts";

/** Status writes under way at once: what waits at the start has an API server with nothing else to do. */
const WRITERS_AT_START = 8;

/** Once Services are being created. More would not end sooner, and take the API server from those who create them. */
const WRITERS_BESIDE_CREATION = 3;

/** Between two looks at all Services that wait: there may be thousands, and addresses may become free as fast. */
const RETRY_PACE_MS = 100;

/** How long the addresses of nodes are waited for: they matter little beside those of Services. */
const NODES_WAIT_MS = 10_000;

export interface ControllerParts {
  readonly options: ControllerOptions;
  readonly client: KubeClient;
  readonly owners: readonly OwnerReference[];
  readonly metrics: ControllerMetrics;
  readonly log: Log;
}

/** Leads until the signal: everything that it knows is built anew each time, from the cluster alone. */
export async function lead(parts: ControllerParts, signal: AbortSignal): Promise<void> {
  const { client, log, metrics, options, owners } = parts;
  const { conflictHold, lbClass, mlSecretName, namespace } = options;
  const statusWriter = new StatusWriter(client);
  // An address is waited for, and what is told of it is not: where thousands are given, the API server has both to do.
  const isBusy = () => statusWriter.isBusy;
  const events = new EventRecorder(client, { component: "herald-controller", isBusy, log });
  let isAtStart = true;
  const writers = () => (isAtStart ? WRITERS_AT_START : WRITERS_BESIDE_CREATION);
  const queue = new WorkQueue<string>({ name: "services", concurrency: writers, log });
  const retries = new WorkQueue<"waiting Services">({ name: "retries", log });
  const departed = new WorkQueue<string>({ name: "departed services", concurrency: writers, log });
  const startup = new WorkQueue<keyof typeof beginnings>({ name: "startup", log });
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
      patchStatus: (service, patch, within) => statusWriter.write(service, patch, within),
      event: (service, type, reason, message) =>
        events.record(regardingService(service), type, reason, message),
      enqueue: (key) => queue.add(key),
      retrySoon: () => retries.add("waiting Services"),
      allocationsChanged: () => {
        poolStatus.usageChanged();
        memoryStore.changed();
      },
      wakeAt: (atMs) => void wakeAt(atMs),
      nowMs: () => systemClock.wall(),
    },
    log,
    conflictHold,
  );
  const wakeAt = async (atMs: number) => {
    await systemClock.delay(Math.max(0, atMs - systemClock.wall()), signal);
    if (!signal.aborted) {
      assigner.wake();
    }
  };
  const reconcile = async (key: string, within: AbortSignal) => {
    try {
      await assigner.reconcile(key, within);
      metrics.reconciled();
    } catch (error) {
      metrics.reconcileFailed();
      throw error;
    }
  };
  const usages = () => assigner.usage();
  const memoryStore = new MemoryStore({ client, namespace, log }, assigner.memory);
  const poolStatus = new PoolStatusWriter(
    { client, namespace, log },
    { usages, stored: (name) => configuration.pool(name) },
  );
  metrics.leading(usages, signal);
  let inForce: readonly Pool[] | undefined;
  const usePools = () => assigner.setPools(inForce ?? []);
  /** No address is given before all this is known, for all of it decides who gets which. */
  const known = new Prerequisites(["pools", "Services", "nodes", "address memory"], usePools);
  /** Before that a Service waits for the first look at the pools, which takes all in their order. */
  const look = (key: string) => {
    if (known.areMet) {
      queue.add(key);
    }
  };
  services.on({
    synced: () => known.met("Services"),
    added: ({ key }) => {
      isAtStart &&= !known.areMet;
      look(key);
    },
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
      metrics.configStale(problems.length > 0 && inForce !== undefined);
      assigner.setUnreadable([...new Set(problems.map(({ name }) => name))]);
      if (problemLog.tell(problems, inForce !== undefined)) {
        notices.refused(problems);
      }
    },
    changed: (pools) => {
      inForce = pools;
      metrics.configLoaded();
      log.info("pools in force", { pools: pools.map(({ name }) => name) });
      if (known.areMet) {
        usePools();
      }
      known.met("pools");
      tellOddPools();
    },
    poolSeen: (name) => poolStatus.poolSeen(name),
  });
  const notices = new PoolNotices(
    {
      pool: (name) => configuration.pool(name),
      event: (...event) => events.record(...event),
    },
    log,
  );
  let nodes: readonly NodeAddresses[] = [];
  const tellOddPools = () => notices.odd(poolWarnings(inForce ?? [], nodes));
  const nodeAddresses = new NodeAddressWatch(client, log, (all) => {
    nodes = all;
    assigner.setNodeAddresses(all.flatMap(({ addresses }) => addresses));
    tellOddPools();
    known.met("nodes");
  });

  /** What is done once at the beginning, and tried until it is done. */
  const beginnings = {
    "address memory": async (within: AbortSignal) => {
      assigner.remember(await memoryStore.read(within));
      known.met("address memory");
    },
    "member key": (within: AbortSignal) =>
      ensureMemberKey(client, { namespace, name: mlSecretName }, log, within),
    sweep: (within: AbortSignal) => sweepDeparted(client, log, within),
  };
  const doWithoutNodes = async () => {
    await systemClock.delay(NODES_WAIT_MS, signal);
    if (known.lacks("nodes") && !signal.aborted) {
      log.warn("nodes cannot be read: their addresses are given like any other until they can");
      known.met("nodes");
    }
  };
  startup.add("address memory");
  startup.add("member key");
  startup.add("sweep");
  await Promise.all([
    configuration.run(signal),
    configurationState.run(signal),
    services.run(signal),
    queue.run(signal, reconcile),
    retries.run(signal, async (_, within) => {
      assigner.retryWaiting();
      await systemClock.delay(RETRY_PACE_MS, within);
    }),
    poolStatus.run(signal),
    memoryStore.run(signal),
    nodeAddresses.run(signal),
    doWithoutNodes(),
    departed.run(signal, (path, within) => tidyDeparted(client, path, log, within)),
    startup.run(signal, (task, within) => beginnings[task](within)),
    events.run(signal),
  ]);
}
