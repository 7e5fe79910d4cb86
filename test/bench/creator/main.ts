/**
 * Creates Services of type LoadBalancer as fast as the API server takes them, over as many connections as it is told.
 * Usage: main.ts KUBECONFIG PREFIX COUNT CONNECTIONS. Each line that it prints is a JSON object; the last one has `lastAtMs`.
 */

import { writeSync } from "node:fs";
import https from "node:https";
import { kubeconfigCredentials } from "#lib/kube/kubeconfig.ts";
import { wallClock } from "#lib/log/wall-clock.ts";
import { loadBalancer, SERVICES_PATH } from "#test/bench/services/load-balancer.ts";

const CREATED = 201;
const TELL_EVERY_MS = 2000;

const [, , kubeconfig = "", prefix = "", count = "", connections = ""] = process.argv;
const total = Number(count);
const clock = wallClock();

const credentials = await kubeconfigCredentials(kubeconfig);
const { tls, headers } = await credentials.access();
const agent = new https.Agent({ ...tls, keepAlive: true, maxSockets: Number(connections) });
// The first request is made before the clock runs: TLS and the kubeconfig are no part of a creation.
await exchange("GET");

let next = 0;
let created = 0;
const tell = setInterval(() => say({ created }), TELL_EVERY_MS);
const firstAtMs = clock();
await Promise.all(Array.from({ length: Number(connections) }, createMany));
clearInterval(tell);
say({ created, firstAtMs, lastAtMs: clock() });
agent.destroy();

async function createMany(): Promise<void> {
  for (let index = next++; index < total; index = next++) {
    await exchange("POST", JSON.stringify(loadBalancer(`${prefix}-${index}`)));
    created += 1;
  }
}

/** @throws {Error} when the answer is another one than wanted */
function exchange(method: "GET" | "POST", body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      new URL(method === "GET" ? "/version" : SERVICES_PATH, credentials.origin),
      { method, agent, headers: { ...headers, "content-type": "application/json" } },
      (response) => {
        response.resume();
        response.once("end", () =>
          method === "GET" || response.statusCode === CREATED
            ? resolve()
            : reject(
                new Error(`${method} ${SERVICES_PATH} was answered with ${response.statusCode}`),
              ),
        );
      },
    );
    request.once("error", reject);
    request.end(body);
  });
}

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
