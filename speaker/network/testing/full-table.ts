/** A worker that fills a table with ten thousand Services, as messages would, moves all of them, and says that it did. */

import { parentPort, workerData } from "node:worker_threads";
import { Ownership } from "#speaker/network/ownership.ts";
import { FakeSeat } from "./fake-seat.ts";

const SERVICES = 10_000;

const nodes: number = workerData;

/** Names as strings of their own, as every message brings them; the first differs from row to row. */
function orderFrom(first: number): readonly string[] {
  return Array.from({ length: nodes }, (_, index) => `worker-${(first + index) % nodes}.example`);
}

let moved = 0;
const seat = new FakeSeat();
const ownership = new Ownership("worker-0.example", seat, (transfers) => {
  moved += transfers.length;
});
for (let index = 0; index < SERVICES; index++) {
  const ips = [`10.0.${index >> 8}.${index & 255}`];
  ownership.put({ service: `default/web-${index}`, ips, order: orderFrom(index) });
}
for (const group of seat.demands.keys()) {
  seat.setOwner(group, "worker-0.example", { kind: "own" });
  ownership.ownerChanged(group, "worker-0.example", { because: "all others are dead" });
}
parentPort?.postMessage(moved);
