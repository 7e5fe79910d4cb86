/**
 * How long it takes from the creation of a Service, whose endpoints are there already, to the first ARP answer for its
 * address. There is one node, and no kube-proxy: an election asks no other node, kube-proxy has no part in the answer,
 * and all that runs here shares the processors of one machine, which in a cluster belong to each node alone.
 */

import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { KubeClient } from "#lib/kube/client.ts";
import { kubeconfigCredentials } from "#lib/kube/kubeconfig.ts";
import { createLog } from "#lib/log/log.ts";
import { wallClock } from "#lib/log/wall-clock.ts";
import { ClusterUser } from "#test/e2e/cluster-user.ts";
import { eventually } from "#test/lab/eventually.ts";
import { Lab } from "#test/lab/lab.ts";
import { Process } from "#test/lab/process.ts";
import type { Figure } from "./figures.ts";
import { HOPS, type Hop, type Hops, hopsOf, type Journey, meanHops, totalOf } from "./hops.ts";
import type { BenchOptions } from "./options.ts";
import { summarize } from "./statistics.ts";

export interface MeasuredJourney extends Journey {
  readonly hops: Hops;
}

const NODE = "n1";
const SERVICES = 100;
/** Until the last Service is reported on, and then for a random time, so as not to keep step with any timer. */
const PAUSE_MS = 200;
const ANSWER_LIMIT_MS = 10_000;
const TELL_EVERY = 20;
const ASKER = path.join(import.meta.dirname, "asker/main.ts");

const SERVICES_PATH = "/api/v1/namespaces/default/services";
const SLICES_PATH = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

/** Creates Services one after the other, each as soon as the one before was answered and reported on. */
export async function measureTimeToAnswer(
  options: BenchOptions,
): Promise<readonly MeasuredJourney[]> {
  const { bundle, progress } = options;
  const herald = { bundle, env: { HERALD_LOG_LEVEL: "debug" } };
  await using lab = await Lab.start({ nodes: 1, kubeProxy: false, herald, progress });
  const user = new ClusterUser(lab);
  await user.configure([`${addressOf(0)}-${addressOf(SERVICES - 1)}`]);
  await lab.controller.waitForLog(({ msg }) => msg === "pools in force");
  await lab.speaker(NODE).waitForLog(({ msg }) => msg === "speaker ready");
  using api = new KubeClient({
    credentials: await kubeconfigCredentials(lab.kubeconfig),
    userAgent: "herald-bench",
    log: createLog("warn"),
  });
  const names = Array.from({ length: SERVICES }, (_, index) => `web-${index}`);
  for (const name of names) {
    await api.post(SLICES_PATH, endpointSlice(name, lab.backend.lanIp));
  }
  const asker = await startAsker(lab);
  const journeys: Journey[] = [];
  for (const [index, name] of names.entries()) {
    if (index % TELL_EVERY === 0) {
      progress(`creating Services: ${index} of ${SERVICES} were answered`);
    }
    await delay(PAUSE_MS * (1 + Math.random()));
    journeys.push(await travel(api, asker, name, addressOf(index)));
  }
  return await eventually(() => withHops(lab, journeys));
}

export function timeToAnswerFigures(journeys: readonly MeasuredJourney[]): readonly Figure[] {
  const { p50, p90, p99, max } = summarize(journeys.map(({ hops }) => totalOf(hops)));
  const hops = meanHops(journeys.map((journey) => journey.hops));
  const percent = (hop: Hop) => Math.round((100 * hops[hop]) / totalOf(hops));
  const unit = "ms";
  return [
    { name: "Service created → first ARP answer, p50", value: p50, unit, bound: 8 },
    { name: "  p90", value: p90, unit },
    { name: "  p99", value: p99, unit, bound: 30 },
    { name: "  max", value: max, unit },
    ...HOPS.map((hop) => ({ name: `  ${percent(hop)} % ${hop}`, value: hops[hop], unit }) as const),
  ];
}

async function startAsker(lab: Lab): Promise<Process> {
  const [client] = lab.clients;
  if (client === undefined) {
    throw new Error("The lab has no client");
  }
  const addresses = Array.from({ length: SERVICES }, (_, index) => addressOf(index));
  const asker = new Process({
    name: "asker",
    namespace: client.namespace,
    command: process.execPath,
    args: [ASKER, "eth0", client.lanIp, ...addresses],
    logPath: path.join(lab.directory, "logs", "asker.log"),
    isReady: ({ logs }) => logs.length > 0,
  });
  await asker.start();
  return asker;
}

async function travel(api: KubeClient, asker: Process, name: string, ip: string): Promise<Journey> {
  const { metadata } = await api.post<Created>(SERVICES_PATH, service(name));
  const heardAtMs = clock();
  const { atMs } = await asker.waitForLog(({ ip: answered }) => answered === ip, {
    withinMs: ANSWER_LIMIT_MS,
  });
  return {
    name,
    ip,
    resourceVersion: metadata.resourceVersion,
    heardAtMs,
    answeredAtMs: Number(atMs),
  };
}

const clock = wallClock();

interface Created {
  readonly metadata: { readonly resourceVersion: string };
}

function withHops(lab: Lab, journeys: readonly Journey[]): readonly MeasuredJourney[] {
  const controller = lab.controller.logs;
  const speaker = lab.speaker(NODE).logs;
  return journeys.map((journey) => ({ ...journey, hops: hopsOf(journey, controller, speaker) }));
}

/** The addresses of the pool, in the order in which they are given out. They need not belong to the LAN to be answered. */
function addressOf(index: number): string {
  return `203.0.113.${index + 1}`;
}

function service(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  };
}

function endpointSlice(name: string, address: string): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "", port: 80, protocol: "TCP" }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  };
}
