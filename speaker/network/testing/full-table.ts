/** A worker that fills a table with ten thousand Services, as messages would, moves all of them, and says that it did. */

import { parentPort, workerData } from "node:worker_threads";
import { NodeSubnets } from "#lib/election/node-subnets.ts";
import { Ownership } from "#speaker/network/ownership.ts";

const SERVICES = 10_000;

const nodes: number = workerData;

/** Names as strings of their own, as every message brings them; the first differs from row to row. */
function orderFrom(first: number): readonly string[] {
  return Array.from({ length: nodes }, (_, index) => `worker-${(first + index) % nodes}.example`);
}

const ownership = new Ownership("worker-0.example");
for (let index = 0; index < SERVICES; index++) {
  const ips = [`10.0.${index >> 8}.${index & 255}`];
  ownership.put({ service: `default/web-${index}`, ips, order: orderFrom(index) });
}
const living = { alive: new Set(["worker-0.example"]), subnets: new NodeSubnets(), changes: [] };
parentPort?.postMessage(ownership.setNodes(living).length);
