/**
 * How long it takes from the creation of a Service, whose endpoints are there already, to the first ARP answer for its
 * address. kube-proxy is left out: it has no part in the answer, and on one machine it would take the processors of all
 * nodes at once.
 */

import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CoreV1Api, DiscoveryV1Api } from "@kubernetes/client-node";
import { KubeClient } from "#lib/kube/client.ts";
import { kubeconfigCredentials } from "#lib/kube/kubeconfig.ts";
import { createLog } from "#lib/log/log.ts";
import { wallClock } from "#lib/log/wall-clock.ts";
import { ClusterUser } from "#test/e2e/cluster-user.ts";
import { Lab } from "#test/lab/lab.ts";
import { Process } from "#test/lab/process.ts";
import type { Figure } from "./figures.ts";
import { HOPS, type Hops, hopsOf, type Journey, meanHops } from "./hops.ts";
import type { BenchOptions } from "./memory.ts";
import { summarize } from "./statistics.ts";

export interface TimedJourney extends Journey {
  readonly hops: Hops;
}
