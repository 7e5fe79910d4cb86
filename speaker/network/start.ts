/** The main thread's end of the network thread. */

import { extname } from "node:path";
import { MessageChannel, type MessagePort, type ResourceLimits, Worker } from "node:worker_threads";
import { Eventfd } from "#lib/linux/eventfd.ts";
import type { LogLevel } from "#lib/log/log.ts";
import { BatchWriter } from "./batches.ts";
import type { FromNetwork, ToNetwork } from "./messages.ts";
import type { MoveOptions } from "./moves.ts";

/**
 * Bounds of the thread's heap. Ten thousand Services take some 20 MB of it however many nodes there are; their orders lie
 * outside, with 2 bytes a node. The rest is for what comes at once when all of them change: a thread that reaches its
 * bound ends, and the speaker with it.
 */
export const HEAP_LIMITS: ResourceLimits = {
  maxOldGenerationSizeMb: 128,
  maxYoungGenerationSizeMb: 4,
};

export interface NetworkOptions extends MoveOptions {
  readonly nodeName: string;
  /** UDP. */
  readonly memberPort: number;
  readonly logLevel: LogLevel;
  /** Links that never answer, and links that hear all frames; matched anywhere in a link's name. */
  readonly excludedLinks: readonly RegExp[];
  readonly promiscuousLinks: readonly RegExp[];
  /** Frames a second on one link; 0: no limit. */
  readonly announceRate: number;
  /** Answers a second on one link, to all and to one MAC address; 0: no limit. */
  readonly answerRate: number;
  readonly answerRatePerClient: number;
}

/** What the thread is started with. */
export interface NetworkData extends NetworkOptions {
  readonly port: MessagePort;
  /** The descriptor of an eventfd, signalled after each message. */
  readonly wake: number;
  /** How many messages the main thread has taken. */
  readonly taken: Int32Array;
}

export interface NetworkThread {
  send(message: ToNetwork): void;
  /** Messages wait until there is a listener. */
  onMessage(listener: (message: FromNetwork) => void): void;
  /** Fulfilled when the thread ended because it was told to; rejected when it ended in any other way. */
  readonly stopped: Promise<void>;
}

/** Starts the network thread. */
export function startNetwork(options: NetworkOptions): NetworkThread {
  const wake = Eventfd.create();
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const { port1: ours, port2: theirs } = new MessageChannel();
  const workerData: NetworkData = {
    ...options,
    port: theirs,
    wake: wake.descriptor,
    taken,
  };
  // the thread's file stands beside this one, as .ts in the source and as one bundle in the image
  const file = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file, {
    workerData,
    transferList: [theirs],
    resourceLimits: HEAP_LIMITS,
  });
  const batch = new BatchWriter<ToNetwork>((messages) => {
    ours.postMessage(messages);
    wake.signal();
  });
  return {
    send: (message) => {
      if (batch.isEmpty) {
        queueMicrotask(() => batch.flush());
      }
      batch.add(message);
    },
    onMessage: (listener) => {
      ours.on("message", (messages: readonly FromNetwork[]) => {
        Atomics.add(taken, 0, messages.length);
        for (const message of messages) {
          listener(message);
        }
      });
    },
    stopped: endOf(worker),
  };
}

function endOf(worker: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.once("error", (cause) => {
    reject(new Error("The network thread failed", { cause }));
  });
  worker.once("exit", (code) => {
    if (code === 0) {
      resolve();
    } else {
      reject(new Error(`The network thread ended with code ${code}`));
    }
  });
  return promise;
}
