import type { CoreV1Event } from "@kubernetes/client-node";
import type { Json } from "./json.ts";

/** The object that an Event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for an object without namespace; its Events stand in "default". */
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

export interface Source {
  readonly component: "herald-controller" | "herald-speaker";
  /** Name of the node, of a component that runs on every node. */
  readonly host?: string;
}

export type EventType = "Normal" | "Warning";

/** One thing that happened, once or several times. */
export interface Occurrence {
  /** 16 random digits: an attempt whose answer was lost is recognized when it is made again. */
  readonly id: string;
  readonly regarding: Regarding;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  /** How often since it was written last. */
  readonly times: number;
  /** Milliseconds since 1970, of the first and the last of these times. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Of a message; longer ones are refused by the newer API of Events. */
const MAX_MESSAGE = 1024;

/** Leaves room for a point and 16 digits in the 253 characters of a name. */
const MAX_NAME = 236;

export function newEvent(source: Source, what: Occurrence): Json<CoreV1Event> {
  const { id, regarding, type, reason, message, times, firstMs, lastMs } = what;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${regarding.name.slice(0, MAX_NAME)}.${id}`,
      namespace: eventNamespace(regarding),
    },
    involvedObject: regarding,
    type,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    count: times,
    firstTimestamp: instant(firstMs),
    lastTimestamp: instant(lastMs),
    source,
    reportingComponent: source.component,
    reportingInstance: source.host ?? "",
  };
}

export function eventNamespace({ namespace = "default" }: Regarding): string {
  return namespace;
}

/** The change to an Event whose thing happened again. */
export function repeatedEvent(count: number, { lastMs }: Occurrence): object {
  return { count, lastTimestamp: instant(lastMs) };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
