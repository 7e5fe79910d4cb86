/**
 * The network thread: it owns the packet sockets, the heartbeats, netlink and the clocks of membership, and depends on
 * nobody. Once started it never returns to its event loop, so nothing here may wait for a promise or a timer.
 */

import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { BatchReader } from "./batches.ts";
import { NetworkLoop } from "./loop.ts";
import type { ToNetwork } from "./messages.ts";
import { NetworkLog } from "./network-log.ts";
import { Outbox } from "./outbox.ts";
import type { NetworkData } from "./start.ts";

const data: NetworkData = workerData;

const outbox = new Outbox(
  (messages) => data.port.postMessage(messages),
  () => Atomics.load(data.taken, 0),
);

const inbox = new BatchReader<ToNetwork>(() => receiveMessageOnPort(data.port)?.message);

new NetworkLoop({
  ...data,
  outbox,
  log: new NetworkLog(outbox, data.logLevel),
  clock: () => performance.now(),
  wallClock: Date.now,
  nextMessage: () => inbox.next(),
}).run();

data.port.close();
